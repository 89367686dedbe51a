/* SIGINT and SIGTERM in runs that can be resumed: the first lets the current lines finish, the second ends at once. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

/* From now on, signals are recorded instead of ending the program. Those that were ignored on start stay ignored. */
void stop_listen(void);

/* The signal received, or 0. */
int stop_signal(void);

#endif
