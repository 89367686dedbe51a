/* Trace files. */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include "cli/output_file.h"
#include "translator/translator.h"

/* Writes every tensor of a sentence's recorded pass to a safetensors file, and to the metadata (weights/FORMAT.md) what
 * its rows and heads are, and the parts without [n_without] that were switched off. */
bool trace_file_write(const output_file *out, const translator *t, const translated_sentence *sentence,
                      const trace_record *pass, const char *const *without, size_t n_without, failure *why);

#endif
