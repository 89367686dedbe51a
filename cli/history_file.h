/* Where the lines of the prompt are remembered: in $XDG_STATE_HOME, or else ~/.local/state. */
#ifndef CLI_HISTORY_FILE_H
#define CLI_HISTORY_FILE_H

#include <histedit.h>
#include <stdbool.h>

typedef struct {
    History *lines;
    char path[4096]; /* empty if there is no place for the file, or if it holds something else */
} history_file;

/* Reads the file, if there is one. Returns false if memory runs out. */
bool history_file_open(history_file *file);

/* Adds a line and writes the file, for this user alone. If it cannot be written, the line is remembered until the end
 * of the run. */
void history_file_add(history_file *file, const char *line);

void history_file_close(history_file *file);

#endif
