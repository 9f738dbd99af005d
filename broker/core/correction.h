/*
 * correction.h: CORRECTION: a message was sent in error, and what it did is taken back.
 *
 * Uncollected deliveries of it are withdrawn; what it opened is cancelled and what it ended is owed again;
 * its proofs go out and the phase is replayed. A corrected opening message makes the dossier
 * ENTERED_IN_ERROR. If it went to a wrong party and was collected, a possible data breach is noted. Must not
 * know: which message means what beyond that.
 */
#ifndef SCH_CORE_CORRECTION_H
#define SCH_CORE_CORRECTION_H

#include "evidence.h"

/* Can event->subject be taken back now? SCH_OK, or FIELD_INVALID or NOT_NOW with *field. */
int sch_correction_check(const struct sch_act *act, const char **field);

sch_handler sch_correction_correct;

#endif
