/*
 * reaction.c: what people do when a message has come in.
 */
#include "id.h"
#include "world.h"

static void answer(struct sim *sim, int dossier, unsigned permille, int sender, enum sch_kind kind, int subject,
                   int days)
{
    if (sch_prng_chance(&sim->prng, permille))
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, days * SIM_DAY_MS), .type = SIM_SAY,
                                              .dossier = dossier, .sender = sender, .kind = kind,
                                              .subject = subject });
}

/* The patient is back at the practice, which takes him up, refers him again, or does not notice. */
static void take_up(struct sim *sim, int index)
{
    const struct sim_dossier *dossier = &sim->dossier[index];
    enum sch_party_kind practice = sim->mailbox[dossier->creditor].kind;

    if (dossier->kind == SCH_KIND_REFERRAL && sch_prng_chance(&sim->prng, 250) &&
        practice != SCH_PARTY_POH_GGZ)
        sim_open(sim, SCH_KIND_REFERRAL, dossier->creditor, 3 + (int)sch_prng_below(&sim->prng, 3), -1, index, false);
    else
        answer(sim, index, 500, dossier->creditor, SCH_KIND_TAKEN_UP, -1, 6);
}

static void at_practice(struct sim *sim, int index, int message)
{
    const struct sim_dossier *dossier = &sim->dossier[index];
    const struct sch_header *header = &sim->message[message].header;
    enum sch_party_kind practice = sim->mailbox[dossier->creditor].kind;

    switch (header->kind) {
    case SCH_KIND_REFUSAL:
    case SCH_KIND_REDIRECTION:
    case SCH_KIND_EXPLORATION_ADVICE: take_up(sim, index); break;
    case SCH_KIND_BACK_REFERRAL:
        if ((practice == SCH_PARTY_GP_PRACTICE || practice == SCH_PARTY_OUT_OF_HOURS) &&
            sim->mailbox[dossier->receiver].kind != SCH_PARTY_CRISIS && sch_prng_chance(&sim->prng, 250))
            answer(sim, index, 1000, dossier->creditor, SCH_KIND_REFUSAL, -1, 4);
        else
            take_up(sim, index);
        break;
    case SCH_KIND_INTAKE_REPORT:
        if (header->fact[SCH_FACT_OUTCOME] != SCH_OUTCOME_TREATMENT)
            take_up(sim, index);
        answer(sim, index, 60, dossier->creditor, SCH_KIND_LETTER_INCOMPLETE, message, 6);
        break;
    case SCH_KIND_TREATMENT_START:
        answer(sim, index, 60, dossier->creditor, SCH_KIND_INFORMATION_REQUEST, -1, 20);
        break;
    default: break;
    }
}

void sim_react(struct sim *sim, int mailbox, int message)
{
    int index = sim->message[message].dossier;
    enum sch_kind kind = sim->message[message].header.kind;
    struct sim_dossier *dossier = index < 0 ? NULL : &sim->dossier[index];

    if (dossier == NULL)
        return;
    if (message == dossier->opening && mailbox == dossier->receiver && !dossier->begun &&
        dossier->kind != SCH_KIND_INVOLVEMENT_NOTICE) {
        dossier->begun = true;
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, 9 * SIM_DAY_MS), .type = SIM_LIVE,
                                              .dossier = index });
    } else if (kind == SCH_KIND_INFORMATION_REQUEST) {
        bool asked = mailbox == dossier->receiver || mailbox == dossier->creditor;

        if (asked)
            answer(sim, index, 750, mailbox, SCH_KIND_INFORMATION_REPLY, -1, 8);
    } else if (mailbox == dossier->creditor && mailbox != dossier->receiver) {
        at_practice(sim, index, message);
    }
}
