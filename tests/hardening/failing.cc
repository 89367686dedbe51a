#include "tests/hardening/failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>

// The underlying allocator: AddressSanitizer's, which has the same names, or libc's.
#ifdef FAILING_WITH_SANITIZER
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

extern "C" {
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *block, size_t size);
void *REAL(memalign)(size_t alignment, size_t size);
void REAL(free)(void *block);
}

namespace
{

std::atomic<bool> active{false};
std::atomic<size_t> counted{0}, refused{0}, in_use{0};
size_t refused_number;
bool refused_from_then_on;
failing_callers counted_callers;
uintptr_t program_begin, program_end; // the program's own code

int find_program(dl_phdr_info *object, size_t, void *)
{
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_LOAD && object->dlpi_phdr[i].p_flags & PF_X) {
            program_begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
            program_end = program_begin + object->dlpi_phdr[i].p_memsz;
        }
    return 1; // the first object is the program
}

// Whether to refuse an allocation requested by the code at `caller`.
bool refuses(const void *caller)
{
    if (!active)
        return false;
    const auto place = reinterpret_cast<uintptr_t>(caller);
    if (counted_callers == FAILING_OWN && (place < program_begin || place >= program_end))
        return false;
    const size_t number = ++counted;
    if (refused_from_then_on ? number < refused_number : number != refused_number)
        return false;
    refused++;
    errno = ENOMEM;
    return true;
}

void *counting(void *block)
{
    in_use += block != nullptr;
    return block;
}

void *allocate_aligned(size_t alignment, size_t size, const void *caller)
{
    return refuses(caller) ? nullptr : counting(REAL(memalign)(alignment, size));
}

// The program's own code is C, so allocations by C++ count as a library's.
void *allocate_for_new(size_t size)
{
    return refuses(nullptr) ? nullptr : counting(REAL(malloc)(size ? size : 1));
}

// Like operator new: calls the new handler until memory is available or the handler throws.
void *allocate_or_throw(size_t size)
{
    void *block;
    while (!(block = allocate_for_new(size))) {
        const std::new_handler handler = std::get_new_handler();
        if (!handler)
            throw std::bad_alloc();
        handler();
    }
    return block;
}

// Reads FAILING_ALLOCATION, if this library was preloaded.
__attribute__((constructor)) void start_by_environment()
{
    const char *wanted = getenv("FAILING_ALLOCATION");
    if (!wanted)
        return;
    const bool own = strncmp(wanted, "own ", 4) == 0;
    char *rest;
    const unsigned long number = strtoul(own ? wanted + 4 : wanted, &rest, 10);
    failing_start(number, strcmp(rest, " on") == 0, own ? FAILING_OWN : FAILING_ALL);
}

// Reports whether an allocation was refused, if this library was preloaded.
__attribute__((destructor)) void report_to_environment()
{
    const char *report = getenv("FAILING_REPORT");
    const size_t n = failing_stop();
    FILE *file = report ? fopen(report, "w") : nullptr;
    if (file) {
        fprintf(file, "%zu", n);
        fclose(file);
    }
}

} // namespace

void failing_start(size_t number, bool from_then_on, failing_callers whose)
{
    dl_iterate_phdr(find_program, nullptr);
    refused_number = number;
    refused_from_then_on = from_then_on;
    counted_callers = whose;
    counted = refused = 0;
    active = true;
}

size_t failing_stop()
{
    active = false;
    return refused;
}

size_t failing_in_use()
{
#ifdef FAILING_WITH_SANITIZER // whose strdup goes around malloc, and which finds leaks itself
    return 0;
#else
    return in_use;
#endif
}

extern "C" {

void *malloc(size_t size) noexcept
{
    return refuses(__builtin_return_address(0)) ? nullptr : counting(REAL(malloc)(size));
}

void *calloc(size_t n, size_t size) noexcept
{
    return refuses(__builtin_return_address(0)) ? nullptr : counting(REAL(calloc)(n, size));
}

void *realloc(void *block, size_t size) noexcept
{
    if (refuses(__builtin_return_address(0)))
        return nullptr;
    void *grown = REAL(realloc)(block, size);
    return block ? grown : counting(grown);
}

void *memalign(size_t alignment, size_t size) noexcept
{
    return allocate_aligned(alignment, size, __builtin_return_address(0));
}

void *aligned_alloc(size_t alignment, size_t size) noexcept
{
    return allocate_aligned(alignment, size, __builtin_return_address(0));
}

int posix_memalign(void **block, size_t alignment, size_t size) noexcept
{
    void *allocated = allocate_aligned(alignment, size, __builtin_return_address(0));
    if (!allocated)
        return ENOMEM;
    *block = allocated;
    return 0;
}

void free(void *block) noexcept
{
    in_use -= block != nullptr;
    REAL(free)(block);
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) noexcept
{
    if (refuses(__builtin_return_address(0)))
        return MAP_FAILED;
    void *mapping = reinterpret_cast<void *>(syscall(SYS_mmap, address, size, protection, flags, descriptor, offset));
    in_use += mapping != MAP_FAILED;
    return mapping;
}

/* Does not support MREMAP_FIXED. */
void *mremap(void *address, size_t old_size, size_t size, int flags, ...) noexcept
{
    if (refuses(__builtin_return_address(0)))
        return MAP_FAILED;
    return reinterpret_cast<void *>(syscall(SYS_mremap, address, old_size, size, flags));
}

int munmap(void *address, size_t size) noexcept
{
    in_use--;
    return static_cast<int>(syscall(SYS_munmap, address, size));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *user) noexcept
{
    static const auto real =
        reinterpret_cast<decltype(&pthread_create)>(reinterpret_cast<uintptr_t>(dlsym(RTLD_NEXT, "pthread_create")));
    return refuses(__builtin_return_address(0)) ? EAGAIN : real(thread, attributes, work, user);
}

} // extern "C"

void *operator new(size_t size)
{
    return allocate_or_throw(size);
}

void *operator new[](size_t size)
{
    return allocate_or_throw(size);
}

void *operator new(size_t size, const std::nothrow_t &) noexcept
{
    return allocate_for_new(size);
}

void *operator new[](size_t size, const std::nothrow_t &) noexcept
{
    return allocate_for_new(size);
}

void operator delete(void *block) noexcept
{
    free(block);
}

void operator delete[](void *block) noexcept
{
    free(block);
}

void operator delete(void *block, size_t) noexcept
{
    free(block);
}

void operator delete[](void *block, size_t) noexcept
{
    free(block);
}
