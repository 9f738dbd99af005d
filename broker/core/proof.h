/*
 * proof.h: which messages moved a dossier, and the phase that they prove together.
 *
 * The phase is a replay: the messages in their order, from the phase in which such a dossier opens. An end
 * (REFUSED, REDIRECTED, BACK_REFERRED, WITHDRAWN, UNDELIVERED, ENTERED_IN_ERROR) replaces what was; after an
 * end the next proof replaces the end; otherwise the furthest counts. CLOSED and INTAKE_PRESUMED are no
 * message's proof: they follow from what is owed and from time, and stand beside. Must not know: promises,
 * effects.
 *
 * A message that came when more was proven already is noted as late. It moves nothing in a dossier that has
 * ended; but when what proved more is taken back, it says where the dossier stands.
 *
 * Example: ACCEPTANCE, REFUSAL, APPOINTMENT prove INTAKE_PLANNED. Take the APPOINTMENT out, which was sent in
 * error, and they prove REFUSED.
 */
#ifndef SCH_CORE_PROOF_H
#define SCH_CORE_PROOF_H

#include "dossier.h"

/* The phase in which a dossier opens that a message of this kind opens. */
enum sch_phase sch_proof_first(enum sch_kind kind);

/* Was the patient turned away or taken out: REFUSED and the phases after it? */
bool sch_proof_is_end(enum sch_phase phase);

/* The phase that the dossier's proofs come to. */
enum sch_phase sch_proof_replay(const struct sch_dossier *dossier);

/* Adds a proof. When the list is full, the oldest one goes that does not matter to the replay any more. */
void sch_proof_add(struct sch_dossier *dossier, struct sch_proof proof);

/* Takes out all that this message proved; the others keep their order. */
void sch_proof_remove(struct sch_dossier *dossier, const struct sch_id *by);

/* The last message that proved this phase; NULL when none did. */
const struct sch_id *sch_proof_of(const struct sch_dossier *dossier, enum sch_phase phase);

/* Was what was told last of a planned intake, before more was proven, of this kind: APPOINTMENT or NO_SHOW?
 * When its kind was not noted it may be either. */
bool sch_proof_is_planned_by(const struct sch_dossier *dossier, enum sch_kind kind);

/* The proof with which the dossier came into its phase; NULL while it is in its first. */
const struct sch_proof *sch_proof_mover(const struct sch_dossier *dossier);

/* The message with which it came into this phase last, which need not be the present one, nor the first; in a
 * record of before an end left another end as it is, the last that proved it. NULL: none. */
const struct sch_id *sch_proof_moved_to(const struct sch_dossier *dossier, enum sch_phase phase);

/* What this message proved, NULL when it proved nothing. */
const struct sch_proof *sch_proof_by(const struct sch_dossier *dossier, const struct sch_id *by);

/* Did what this message proved count when it came, as the others stand now? False when it proved nothing. */
bool sch_proof_counts(const struct sch_dossier *dossier, const struct sch_id *by);

/* The last letter of one of these kinds (a bit for each) in the present stretch of care that lacks nothing, or
 * that lacks something; NULL: none. */
const struct sch_id *sch_proof_letter(const struct sch_dossier *dossier, uint64_t kinds);
const struct sch_id *sch_proof_lacking(const struct sch_dossier *dossier, uint64_t kinds);

/* Was the end of the treatment told in the present stretch of care, before a letter about it was there? One whose
 * kind was not noted may have told it. */
bool sch_proof_is_letter_due(const struct sch_dossier *dossier);

/* This letter lacks something. Nothing happens when it proved nothing. */
void sch_proof_lack(struct sch_dossier *dossier, const struct sch_id *letter);

#endif
