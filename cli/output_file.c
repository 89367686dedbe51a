/* Atomic, resumable output files: OUT.partial is locked, appended to, synced and renamed. */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
    if (!out->final && errno != ENOMEM)
        return failure_of_writing(why, path); /* the link's file has no name any more */
    if (!out->final || asprintf(&out->partial, "%s.partial", out->final) < 0 ||
        asprintf(&out->state, "%s.resume", out->final) < 0)
        return failure_memory(why, "the path of the output");
    return true;
}

/* Opens a file beside OUT to read and append, and creates it if `create` is set and it does not exist. Returns its
 * descriptor, or -1 with errno set. */
static int open_or_create(const char *path, bool create, bool *created)
{
    const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    for (;;) {
        int descriptor = create ? open(path, flags | O_CREAT | O_EXCL, 0666) : -1;
        *created = descriptor >= 0;
        if (*created || (create && errno != EEXIST))
            return descriptor;
        descriptor = open(path, flags);
        if (descriptor >= 0 || errno != ENOENT || !create)
            return descriptor;
    }
}

/* Fails unless it is a regular file of this user without hard links: writing to another would change somebody else's
 * file, or give them the translation. */
static bool check_own(int descriptor, const char *path, failure *why)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return failure_of_writing(why, path);
    const char *problem = !S_ISREG(status.st_mode)      ? "is a device or pipe, not a regular file"
                          : status.st_uid != geteuid()  ? "belongs to another user"
                          : status.st_nlink > 1         ? "is a hard link to another file"
                          : is_standard_stream(&status) ? "is standard output or standard error"
                                                        : NULL;
    return !problem || failure_set(why, "%s: %s; move it or choose another output file", path, problem);
}

/* Opens OUT.partial or OUT.resume. Returns -1 on failure. */
static int open_beside(const char *path, bool create, bool *created, failure *why)
{
    int descriptor = open_or_create(path, create, created);
    if (descriptor < 0 && errno == ELOOP)
        failure_set(why, "%s: is a symbolic link, not a regular file", path);
    else if (descriptor < 0)
        failure_of_writing(why, path);
    else if (!*created && !check_own(descriptor, path, why)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

/* Whether the path still leads to the open file. */
static bool is_named(const char *path, int descriptor)
{
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

/* Opens and locks OUT.partial. Tries again if another run renamed or removed the file between open and lock. */
static bool open_locked(output_file *out, int *descriptor, failure *why)
{
    while ((*descriptor = open_beside(out->partial, true, &out->created, why)) >= 0) {
        if (flock(*descriptor, LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK ? failure_set(why, "%s: locked by another run", out->partial)
                                        : failure_of_writing(why, out->partial);
        if (is_named(out->partial, *descriptor))
            return true;
        close(*descriptor);
    }
    return false;
}

/* Counts complete lines, and sets *size to their bytes. After a power failure a file may end in zeros, which do not
 * count.
 */
static bool count_lines(output_file *out, int descriptor, size_t *size, failure *why)
{
    char part[4096];
    ssize_t n;
    size_t n_read = 0;
    const char *zero = NULL;
    *size = 0;
    while (!zero && (n = pread(descriptor, part, sizeof part, (off_t)n_read)) > 0) {
        zero = memchr(part, '\0', (size_t)n);
        const char *end = zero ? zero : part + n, *line_end;
        for (const char *at = part; (line_end = memchr(at, '\n', (size_t)(end - at))) != NULL; at = line_end + 1) {
            out->n_lines++;
            *size = n_read + (size_t)(line_end - part) + 1;
        }
        n_read += (size_t)n;
    }
    return zero || n == 0 || failure_set(why, "%s: cannot be read: %s", out->partial, strerror(errno));
}

/* Opens OUT.resume. Fails if it is neither new nor of an interrupted run, which may have left it empty. */
static bool open_state(output_file *out, bool create, failure *why)
{
    struct stat status;
    bool created;
    out->state_descriptor = open_beside(out->state, create, &created, why);
    if (out->state_descriptor < 0)
        return false;
    if ((fstat(out->state_descriptor, &status) == 0 && status.st_size == 0) ||
        run_identity_is_one(out->state_descriptor))
        return true;
    close(out->state_descriptor);
    out->state_descriptor = -1;
    return failure_set(why, "%s: does not belong to an interrupted run; move it or choose another output file",
                       out->state);
}

/* Removes what an interrupted run left as OUT.resume, so that no later one takes this run's lines for those. */
static bool remove_old_state(output_file *out, failure *why)
{
    bool created;
    failure ignored;
    int descriptor = open_or_create(out->state, false, &created);
    if (descriptor < 0)
        return true;
    bool is_old = check_own(descriptor, out->state, &ignored) && run_identity_is_one(descriptor);
    bool ok =
        !is_old || (unlink(out->state) == 0 ? sync_directory(out->state, why) : failure_of_writing(why, out->state));
    close(descriptor);
    return ok;
}

/* Truncates OUT.partial to the complete lines of the run that is resumed. */
static bool resume_run(output_file *out, int descriptor, const run_identity *identity, failure *why)
{
    size_t size;
    if (access(out->state, F_OK) != 0)
        return failure_set(why, "%s: cannot be read: %s; without it, %s cannot be resumed", out->state, strerror(errno),
                           out->partial);
    if (!open_state(out, false, why) || !run_identity_check(identity, out->state_descriptor, out->partial, why) ||
        !count_lines(out, descriptor, &size, why))
        return false;
    return ftruncate(descriptor, (off_t)size) == 0 || failure_of_writing(why, out->partial);
}

/* Fails because OUT.partial holds something that this run does not resume. */
static bool refuse_content(output_file *out, int descriptor, bool can_resume, failure *why)
{
    size_t size;
    failure ignored;
    bool is_own = access(out->state, F_OK) == 0 && open_state(out, false, &ignored);
    if (!is_own)
        return failure_set(
            why,
            "%s: exists already, and does not belong to a run that can be resumed; move it or choose another output "
            "file",
            out->partial);
    return count_lines(out, descriptor, &size, why) &&
           failure_set(why, "%s: holds %zu lines of an interrupted run; %sremove the file to start over", out->partial,
                       out->n_lines, can_resume ? "continue with --resume, or " : "");
}

/* Makes OUT.partial and OUT.resume ready for the first line, or for the next one of the run that is resumed. */
static bool prepare(output_file *out, int descriptor, const run_identity *identity, bool resume, failure *why)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return failure_of_writing(why, out->partial);
    if (status.st_size > 0)
        return resume ? resume_run(out, descriptor, identity, why)
                      : refuse_content(out, descriptor, identity != NULL, why);
    if (!identity)
        return remove_old_state(out, why);
    return open_state(out, true, why) && run_identity_write(identity, out->state_descriptor, out->state, why) &&
           sync_directory(out->state, why);
}

static bool open_partial(output_file *out, const char *role, file_claims *claims, failure *why)
{
    int descriptor;
    struct stat status;
    if (!open_locked(out, &descriptor, why)) {
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    out->file = fdopen(descriptor, "a");
    if (!out->file)
        close(descriptor);
    if (!out->file || fstat(descriptor, &status) != 0)
        return failure_of_writing(why, out->partial);
    claims_note(claims, &status, role);
    return true;
}

static bool open_file(output_file *out, const char *path, const char *role, const run_identity *identity, bool resume,
                      file_claims *claims, failure *why)
{
    struct stat status, *there = NULL;
    if (stat(path, &status) == 0)
        there = &status;
    if (there && (!S_ISREG(there->st_mode) || is_standard_stream(there))) {
        if (resume)
            return failure_set(why, "%s: not a regular file, which --resume requires", path);
        return claims_add(claims, path, path, role, why) && open_straight(out, path, why);
    }
    if (there && access(path, W_OK) != 0)
        return failure_of_writing(why, path);
    return name_files(out, path, there, why) && claims_add(claims, out->final, path, role, why) &&
           claims_add(claims, out->partial, out->partial, role, why) &&
           claims_add(claims, out->state, out->state, role, why) && open_partial(out, role, claims, why) &&
           prepare(out, fileno(out->file), identity, resume, why) &&
           (!there || fchmod(fileno(out->file), there->st_mode & 0777) == 0 || failure_of_writing(why, out->partial));
}

bool output_open(output_file *out, const char *path, const char *role, const run_identity *identity, bool resume,
                 file_claims *claims, failure *why)
{
    *out = OUTPUT_NONE;
    out->name = path ? path : "standard output";
    out->file = path ? NULL : stdout;
    if (!path || open_file(out, path, role, identity, resume, claims, why))
        return true;
    output_close(out);
    return false;
}

bool output_is_resumable(const output_file *out)
{
    return out->state_descriptor >= 0;
}

/* Removes OUT.resume, if it is of this run. */
static bool remove_state(const output_file *out)
{
    return out->state_descriptor < 0 || !is_named(out->state, out->state_descriptor) || unlink(out->state) == 0;
}

bool output_finish(output_file *out, failure *why)
{
    if (fflush(out->file) != 0 || (out->final && fsync(fileno(out->file)) != 0))
        return failure_of_writing(why, out->name);
    if (!out->final)
        return true;
    if (!is_named(out->partial, fileno(out->file)))
        return failure_set(why, "%s: was moved, replaced or removed by another program", out->partial);
    if (rename(out->partial, out->final) != 0)
        return failure_of_writing(why, out->final);
    free(out->partial);
    out->partial = NULL;
    return (remove_state(out) || failure_of_writing(why, out->state)) && sync_directory(out->final, why);
}

bool output_keep(const output_file *out, failure *why)
{
    struct stat status;
    if (!out->partial || !out->file || fflush(out->file) != 0 || fstat(fileno(out->file), &status) != 0 ||
        status.st_size == 0 || !is_named(out->partial, fileno(out->file)))
        return false;
    failure reason = *why;
    return failure_set(why, "%s; %s keeps the lines so far%s", reason.sentence, out->partial,
                       output_is_resumable(out) ? "; the same command with --resume continues" : "");
}

void output_drop(const output_file *out)
{
    if (out->file && out->partial && ftruncate(fileno(out->file), 0) != 0)
        return; /* then it stays */
}

void output_close(output_file *out)
{
    struct stat status;
    if (out->file && out->created && out->partial && fstat(fileno(out->file), &status) == 0 && status.st_size == 0 &&
        is_named(out->partial, fileno(out->file))) {
        unlink(out->partial); /* locked by this run, and empty */
        remove_state(out);
    }
    if (out->state_descriptor >= 0)
        close(out->state_descriptor);
    if (out->file && out->file != stdout)
        fclose(out->file);
    free(out->final);
    free(out->partial);
    free(out->state);
    *out = OUTPUT_NONE;
}
