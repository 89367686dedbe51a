/* Formats error messages, and exits where none can be returned. */
#include "support/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool failure_set(failure *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why->sentence, sizeof why->sentence, format, arguments);
    va_end(arguments);
    return false;
}

bool failure_memory(failure *why, const char *purpose)
{
    return failure_set(why, "not enough memory for %s; close other programs", purpose);
}

static void (*say_fatal)(const char *message);

void failure_fatal(const char *message)
{
    if (say_fatal)
        say_fatal(message);
    _Exit(EXIT_FAILURE);
}

void failure_on_fatal(void (*say)(const char *message))
{
    say_fatal = say;
}
