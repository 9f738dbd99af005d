/*
 * print.h: the core's two tables as aligned text, for `scharnierd --print-states|--print-expectations`.
 *
 * Must not know: dossiers, norms: what is printed is the same on every machine.
 */
#ifndef SCH_SHELL_PRINT_H
#define SCH_SHELL_PRINT_H

#include <stdio.h>

/*
 * A line per event and outcome: the event, what it does, and in which phases. "accept" leaves the phase as it
 * is; the name of a phase is the one that may follow. "*" stands for every phase.
 */
void sch_print_states(FILE *out);

/* A block per expectation that this version counts: debtor, what opens it, from when it counts, what closes
 * it, and whether it outlives the end of the dossier. */
void sch_print_expectations(FILE *out);

#endif
