#include "cli/claims.h"

#include <stdlib.h>
#include <string.h>

/* Whether several readers and writers can share a file. */
static bool is_shared(const struct stat *status)
{
    return S_ISCHR(status->st_mode) || S_ISSOCK(status->st_mode);
}

static void claim_inode(claim *c, const struct stat *status)
{
    c->exists = true;
    c->device = status->st_dev;
    c->inode = status->st_ino;
}

/* Where the path is, whether or not there is a file yet. */
static bool claim_name(claim *c, const char *path, failure *why)
{
    struct stat status;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *directory = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
    if (!directory)
        return failure_memory(why, "the path of the output");
    if (stat(directory, &status) == 0 && strlen(name) < sizeof c->name) { /* otherwise opening the file fails */
        memcpy(c->name, name, strlen(name) + 1);
        c->directory_device = status.st_dev;
        c->directory_inode = status.st_ino;
    }
    free(directory);
    return true;
}

static bool is_same(const claim *a, const claim *b)
{
    if (a->exists && b->exists)
        return a->device == b->device && a->inode == b->inode;
    return *a->name && strcmp(a->name, b->name) == 0 && a->directory_device == b->directory_device &&
           a->directory_inode == b->directory_inode;
}

static bool check(const file_claims *claims, const claim *new, const char *name, failure *why)
{
    for (const claim *c = claims->all; c < claims->all + claims->n; c++)
        if (is_same(c, new))
            return failure_set(why, "%s: is both %s and %s; choose another file for the %s", name, c->role, new->role,
                               new->role);
    return true;
}

void claims_note(file_claims *claims, const struct stat *status, const char *role)
{
    claim new = {.role = role};
    claim_inode(&new, status);
    if (!is_shared(status))
        claims->all[claims->n++] = new;
}

bool claims_check(const file_claims *claims, const struct stat *status, const char *name, const char *role,
                  failure *why)
{
    claim new = {.role = role};
    claim_inode(&new, status);
    return is_shared(status) || check(claims, &new, name, why);
}

bool claims_add(file_claims *claims, const char *path, const char *name, const char *role, failure *why)
{
    struct stat status;
    claim new = {.role = role};
    if (!claim_name(&new, path, why))
        return false;
    if (stat(path, &status) == 0) {
        if (is_shared(&status))
            return true;
        claim_inode(&new, &status);
    }
    if (!check(claims, &new, name, why))
        return false;
    claims->all[claims->n++] = new;
    return true;
}
