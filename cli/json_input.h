/* Input lines of --format jsonl. */
#ifndef CLI_JSON_INPUT_H
#define CLI_JSON_INPUT_H

#include <stdbool.h>

#include "support/buffer.h"
#include "support/failure.h"
#include "translator/translator.h"

typedef struct {
    text_buffer text;   /* what to translate, valid UTF-8; may have line ends */
    text_buffer others; /* the object's other members as they stand in the line, such as `,"id":7` */
} json_input;

/* Reads a line of valid UTF-8. If it is a JSON object (RFC 8259) with a string "text", that is the text, and members
 * that the output has itself are left out of the others; of several "text" the last counts. Any other line is the text.
 * An escaped surrogate without its other half becomes U+FFFD. Call json_input_free even on failure. */
bool json_input_read(json_input *input, const text_line *line, failure *why);
void json_input_free(json_input *input);

#endif
