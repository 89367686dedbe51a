/* Trace files. */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include "cli/output_file.h"
#include "translator/translator.h"

/* Writes every tensor of a sentence's recorded pass to a safetensors file, and what its rows and heads are to the
 * metadata (weights/FORMAT.md). */
bool trace_file_write(const output_file *out, const translator *t, const translated_sentence *sentence,
                      const trace_record *pass, failure *why);

#endif
