/* Atomic, resumable output files: OUT.partial is locked, appended to, synced and renamed. */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file.h"

static bool failure_of_writing(failure *why, const char *path)
{
    return failure_set(why, "%s: cannot be written: %s", path, strerror(errno));
}

/* Syncs the directory of a file. Otherwise a power failure may undo creating, renaming or removing the file. */
static bool sync_directory(const char *path, failure *why)
{
    const char *end = strrchr(path, '/');
    char *directory = end ? strndup(path, (size_t)(end - path) + 1) : strdup(".");
    if (!directory)
        return failure_memory(why, "the path of the output");
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    bool ok = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL); /* EINVAL: not supported there */
    if (!ok)
        failure_of_writing(why, path);
    if (descriptor >= 0)
        close(descriptor);
    return ok;
}

static bool is_standard_stream(const struct stat *file)
{
    struct stat stream;
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fstat(descriptor, &stream) == 0 && stream.st_dev == file->st_dev && stream.st_ino == file->st_ino)
            return true;
    return false;
}

static bool open_straight(output_file *out, const char *path, failure *why)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    out->file = descriptor < 0 ? NULL : fdopen(descriptor, "a");
    return out->file || failure_of_writing(why, path);
}

/* Sets the three paths. `there` is what stat says of OUT, or NULL if it does not exist. */
static bool name_files(output_file *out, const char *path, const struct stat *there, failure *why)
{
    struct stat link;
    bool is_link = lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
    if (is_link && !there)
        return failure_set(why, "%s: cannot be written: dangling symbolic link", path);
    out->final = is_link ? realpath(path, NULL) : strdup(path);
    if (!out->final || asprintf(&out->partial, "%s.partial", out->final) < 0 ||
        asprintf(&out->state, "%s.resume", out->final) < 0)
        return failure_memory(why, "the path of the output");
    return true;
}

/* Opens and locks OUT.partial. Tries again if another run renamed or removed the file between open and lock. */
static bool open_locked(const output_file *out, int *descriptor, failure *why)
{
    struct stat opened, named;
    while ((*descriptor = open(out->partial, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) >= 0) {
        if (fstat(*descriptor, &opened) != 0 || !S_ISREG(opened.st_mode))
            return failure_set(why, "%s: is a device or pipe, not a regular file", out->partial);
        if (flock(*descriptor, LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK ? failure_set(why, "%s: locked by another run", out->partial)
                                        : failure_of_writing(why, out->partial);
        if (lstat(out->partial, &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
            return true;
        close(*descriptor);
    }
    return errno == ELOOP ? failure_set(why, "%s: is a symbolic link, not a regular file", out->partial)
                          : failure_of_writing(why, out->partial);
}

/* Counts complete lines, and sets *size to their bytes. After a power failure a file may end in zeros, which are no
 * line. */
static bool count_lines(output_file *out, size_t *size, failure *why)
{
    mapped_file file;
    if (!file_map(&file, out->partial, why))
        return false;
    const char *zero = memchr(file.bytes, '\0', file.size);
    const char *at = file.bytes, *end = zero ? zero : at + file.size, *line_end;
    for (; at < end && (line_end = memchr(at, '\n', (size_t)(end - at))) != NULL; at = line_end + 1)
        out->n_lines++;
    *size = (size_t)(at - file.bytes);
    file_unmap(&file);
    return true;
}

/* Writes OUT.resume, or removes it if the run cannot be resumed. */
static bool start_anew(const output_file *out, const run_identity *identity, failure *why)
{
    if (identity)
        return run_identity_write(identity, out->state, why) && sync_directory(out->state, why);
    return unlink(out->state) == 0 ? sync_directory(out->state, why)
                                   : errno == ENOENT || failure_of_writing(why, out->state);
}

/* Truncates OUT.partial to its complete lines. Fails if it has any and this run does not resume them. */
static bool prepare_partial(output_file *out, int descriptor, const run_identity *identity, bool resume, failure *why)
{
    size_t size;
    if (!count_lines(out, &size, why))
        return false;
    if (out->n_lines > 0 && !resume)
        return failure_set(why, "%s: holds %zu lines of an interrupted run; %sremove the file to start over",
                           out->partial, out->n_lines, identity ? "continue with --resume, or " : "");
    if (out->n_lines > 0 && !run_identity_check(identity, out->state, out->partial, why))
        return false;
    if (ftruncate(descriptor, (off_t)size) != 0)
        return failure_of_writing(why, out->partial);
    return out->n_lines > 0 || start_anew(out, identity, why);
}

bool output_open(output_file *out, const char *path, const run_identity *identity, bool resume, failure *why)
{
    struct stat status, *there = NULL;
    *out = (output_file){.file = stdout, .name = path ? path : "standard output"};
    if (!path)
        return true;
    if (stat(path, &status) == 0)
        there = &status;
    out->file = NULL;
    if (there && (!S_ISREG(there->st_mode) || is_standard_stream(there)))
        return resume ? failure_set(why, "%s: not a regular file, which --resume requires", path)
                      : open_straight(out, path, why);
    int descriptor = -1;
    if (there && access(path, W_OK) != 0)
        return failure_of_writing(why, path);
    if (!name_files(out, path, there, why) || !open_locked(out, &descriptor, why)) {
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    out->file = fdopen(descriptor, "a");
    out->resumable = identity != NULL;
    if (!out->file)
        close(descriptor);
    if (!out->file || (there && fchmod(descriptor, there->st_mode & 0777) != 0))
        return failure_of_writing(why, out->partial);
    return prepare_partial(out, descriptor, identity, resume, why);
}

bool output_finish(output_file *out, failure *why)
{
    if (fflush(out->file) != 0 || (out->final && fsync(fileno(out->file)) != 0))
        return failure_of_writing(why, out->name);
    if (!out->final)
        return true;
    if (rename(out->partial, out->final) != 0)
        return failure_of_writing(why, out->final);
    free(out->partial);
    out->partial = NULL;
    return (unlink(out->state) == 0 || errno == ENOENT || failure_of_writing(why, out->state)) &&
           sync_directory(out->final, why);
}

bool output_keep(const output_file *out, failure *why)
{
    struct stat status;
    if (!out->partial || fflush(out->file) != 0 || fstat(fileno(out->file), &status) != 0 || status.st_size == 0)
        return false;
    failure reason = *why;
    return failure_set(why, "%s; %s keeps the lines so far%s", reason.sentence, out->partial,
                       out->resumable ? "; the same command with --resume continues" : "");
}

void output_close(output_file *out)
{
    struct stat status;
    if (out->file && out->partial && fstat(fileno(out->file), &status) == 0 && status.st_size == 0) {
        unlink(out->partial); /* still locked by this run, and empty */
        unlink(out->state);
    }
    if (out->file && out->file != stdout)
        fclose(out->file);
    free(out->final);
    free(out->partial);
    free(out->state);
    *out = (output_file){0};
}
