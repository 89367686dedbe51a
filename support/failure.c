#include "support/failure.h"

#include <stdarg.h>
#include <stdio.h>

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
    return failure_set(why, "there is not enough memory for %s; close other programs", purpose);
}
