/* Handles SIGBUS: the mapped weights were truncated, or their disk failed. */
#ifndef CLI_BUS_ERROR_H
#define CLI_BUS_ERROR_H

#include <stdbool.h>

#include "support/failure.h"

/* From now on, reading past the end of a mapped file that was truncated ends the program with an error message about
 * the checkpoint directory, and exit status 1. Call it once. */
bool cli_catch_bus_errors(const char *directory, failure *why);

#endif
