/* Prints text from outside safely. Only cli/ prints: translations on standard output, everything else on standard
 * error. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

/* Prints untrusted text, with line ends and terminal control characters replaced (utf8_show). */
void cli_print(FILE *file, const char *untrusted);

/* Prints "translate: …" and a line end on standard error, with cli_print. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a trusted message, with system calls only: for signal handlers, and for when memory has run out. */
void cli_say_safely(const char *sentence);

#endif
