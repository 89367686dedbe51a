/* measure FILE PROGRAM [ARGUMENT…]: runs the program and writes its results to FILE: exit status or negated signal
 * number, seconds of CPU time, and peak memory in kilobytes. Linux counts the memory of the starting process into that
 * peak, so a small process has to start the program. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status;
    struct rusage used;
    if (argc < 3)
        return EXIT_FAILURE;
    pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        return EXIT_FAILURE;
    FILE *file = fopen(argv[1], "w");
    if (!file)
        return EXIT_FAILURE;
    double seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    fprintf(file, "%d %f %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), seconds, used.ru_maxrss);
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
