#include "support/failure.h"

#include <stdarg.h>
#include <stdio.h>

bool fail(failure *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why->sentence, sizeof why->sentence, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_memory(failure *why, const char *purpose)
{
    return fail(why, "there is not enough memory for %s; close other programs", purpose);
}
