/* Trace files. */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include "translator/translator.h"

/* Writes every tensor of one sentence's translation to a safetensors file. */
bool trace_file_write(const char *path, translator *t, const translated_sentence *sentence, failure *why);

#endif
