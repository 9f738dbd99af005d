/*
 * point.h: named places at which a process of the crash test kills or stops itself.
 *
 * Production code has no such places: they are in the test's own programs and in functions that the linker
 * puts around calls of liblmdb, libzmq and libc (wrap_broker.c, wrap_client.c).
 */
#ifndef SCH_CRASH_POINT_H
#define SCH_CRASH_POINT_H

/* When the file that the environment's SCH_CRASH_ARMED names holds this name: removes the file and dies by
 * SIGKILL, or, when " stop" follows the name, stops by SIGSTOP until somebody continues it. Otherwise it does
 * nothing. */
void crash_point(const char *name);

/* Called by wrap_client.c when the journal of verdicts was synced, before its point; NULL: nobody asks. */
extern void (*crash_journal_synced)(void);

#endif
