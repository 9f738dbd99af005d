/*
 * serve.h: scharnierd as a running process: opens what the configuration names, turns until it is told to
 * stop, and closes in the opposite order.
 *
 * TERM and INT drain (no new submissions, what is leased may still be settled), a second one stops at once.
 * HUP reads the configuration and its files anew; a bad one leaves everything as it was. Must not know:
 * what a turn does.
 */
#ifndef SCH_SHELL_SERVE_H
#define SCH_SHELL_SERVE_H

#include "config.h"

#define SCH_SERVE_DRAIN_MS 65000        /* a lease and a little; scharnierd.service waits longer */

/* Takes over *config (a reload changes it; the caller closes it). Returns the process's exit code: 0 after an
 * orderly stop. */
int sch_serve(struct sch_config *config);

#endif
