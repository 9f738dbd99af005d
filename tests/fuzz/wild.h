/*
 * wild.h: messages that nobody would send, but that the wire lets through: headers edited at will.
 *
 * All is drawn from the life that it is given. Must not know: what the core ought to make of them.
 */
#ifndef FUZZ_WILD_H
#define FUZZ_WILD_H

#include "step_life.h"

/* Edits the header of the life's fixture, and sends it through the codec; false when that refuses it. */
bool wild_header(struct step_life *life);

/* Edits what the door and the turn add to the prepared event: body, key, subject, an id that is in use. */
void wild_event(struct step_life *life);

#endif
