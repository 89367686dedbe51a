/* Ctrl-C and SIGTERM where a run can be gone on with: the lines at hand are finished first. The second ends at once. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

/* From now on the signals are noted; those that the process was started to ignore stay ignored. */
void stop_listen(void);

/* The signal that came, or 0. */
int stop_signal(void);

#endif
