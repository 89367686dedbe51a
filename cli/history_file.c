#include "cli/history_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_LINES = 1000 };

/* Sets the path; empty if the environment names no absolute directory, as the XDG Base Directory Specification
 * requires. */
static void find_path(history_file *file)
{
    static const char name[] = "transformer.c/history";
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    size_t room = sizeof file->path;
    int size = 0;
    if (state && *state == '/')
        size = snprintf(file->path, room, "%s/%s", state, name);
    else if (home && *home == '/')
        size = snprintf(file->path, room, "%s/.local/state/%s", home, name);
    if (size <= 0 || (size_t)size >= room)
        *file->path = '\0';
}

/* Whether the path is taken by something that is not a history, which must stay as it is. */
static bool is_taken(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && (!S_ISREG(status.st_mode) || status.st_size > 0);
}

bool history_file_open(history_file *file)
{
    HistEvent event;
    *file = (history_file){.lines = history_init()};
    if (!file->lines)
        return false;
    history(file->lines, &event, H_SETSIZE, MOST_LINES);
    history(file->lines, &event, H_SETUNIQUE, 1);
    find_path(file);
    if (*file->path && history(file->lines, &event, H_LOAD, file->path) < 0 && is_taken(file->path))
        *file->path = '\0';
    return true;
}

/* Makes the directories of the path that are missing. */
static void make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

void history_file_add(history_file *file, const char *line)
{
    HistEvent event;
    history(file->lines, &event, H_ENTER, line);
    if (!*file->path)
        return;
    make_directories(file->path);
    history(file->lines, &event, H_SAVE, file->path); /* makes it readable for its owner alone */
}

void history_file_close(history_file *file)
{
    history_end(file->lines);
}
