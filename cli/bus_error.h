/* What happens when a file that is mapped becomes shorter. */
#ifndef CLI_BUS_ERROR_H
#define CLI_BUS_ERROR_H

#include <stdbool.h>

#include "support/failure.h"

/* From now on a file of the checkpoint that becomes shorter while it is mapped ends the program with a sentence and the
 * exit status 1. Once in a program. */
bool cli_catch_bus_errors(const char *directory, failure *why);

#endif
