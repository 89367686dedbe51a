/* page.html with its style sheet and scripts inlined, split where the data goes. embed.cmake generates page.c. */
#ifndef EXPLAIN_PAGE_H
#define EXPLAIN_PAGE_H

#include <stddef.h>

extern const char explain_page_before_data[], explain_page_after_data[];
extern const size_t explain_page_before_data_size, explain_page_after_data_size;

#endif
