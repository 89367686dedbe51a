/* Only this room prints: translations on standard output, the rest on standard error. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

/* Prints text that came from a file: what could end the line or command the terminal is replaced. */
void cli_print(FILE *file, const char *untrusted);

/* Prints "translate: …" on standard error, by cli_print. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a sentence of our own, by system calls alone: in a signal handler, or when there is no memory left. */
void cli_say_safely(const char *sentence);

#endif
