/*
 * reaction.c: what people do when a message has come in.
 */
#include "id.h"
#include "world.h"

static void say_within(struct sim *sim, int dossier, int sender, enum sch_kind kind, int from_days, int to_days)
{
    sim_schedule(sim, (struct sim_event){ .at_ms = from_days * SIM_DAY_MS + sim_later(sim, (to_days - from_days) * SIM_DAY_MS),
                                          .type = SIM_SAY, .dossier = dossier, .sender = sender, .kind = kind,
                                          .subject = -1 });
}

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

/* A letter that is taken back may have been found wanting already. */
static void look_back(struct sim *sim, int index, int correction)
{
    int letter = sim_message_find(sim, &sim->message[correction].header.subject);

    if (letter >= 0 && sim->message[letter].header.kind == SCH_KIND_INTAKE_REPORT)
        answer(sim, index, 200, sim->dossier[index].creditor, SCH_KIND_LETTER_INCOMPLETE, letter, 3);
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
    case SCH_KIND_CORRECTION: look_back(sim, index, message); break;
    case SCH_KIND_TREATMENT_START:
        answer(sim, index, 60, dossier->creditor, SCH_KIND_INFORMATION_REQUEST, -1, 20);
        break;
    default: break;
    }
}

/* The referral was never meant: whoever got it asks what that was, and may be kept waiting for an answer. */
static void wonder(struct sim *sim, int index)
{
    if (!sch_prng_chance(&sim->prng, 400))
        return;
    say_within(sim, index, sim->dossier[index].receiver, SCH_KIND_INFORMATION_REQUEST, 0, 2);
    say_within(sim, index, SIM_COORDINATOR, SCH_KIND_REMINDER, 2, 5);
    say_within(sim, index, SIM_COORDINATOR, SCH_KIND_REMINDER, 3, 7);
    say_within(sim, index, SIM_COORDINATOR, SCH_KIND_SNOOZE, 3, 7);
    say_within(sim, index, SIM_COORDINATOR, SCH_KIND_WAIVER, 4, 9);
}

/*
 * What the system could not take in, somebody reads all the same, and answers; of some that is a mistake, and taken
 * back, when the practice has found the letter wanting.
 */
void sim_turned_down(struct sim *sim, int mailbox, int message)
{
    int index = sim->message[message].dossier;
    const struct sim_dossier *dossier = index < 0 ? NULL : &sim->dossier[index];

    if (dossier == NULL || message != dossier->opening || mailbox != dossier->receiver ||
        !sch_prng_chance(&sim->prng, 300))
        return;
    if (dossier->kind == SCH_KIND_CONSULT_REQUEST)
        say_within(sim, index, mailbox, SCH_KIND_CONSULT_REPLY, 0, 5);
    if (dossier->kind != SCH_KIND_REFERRAL || sim->mailbox[mailbox].kind == SCH_PARTY_WIJKTEAM)
        return;
    say_within(sim, index, mailbox, SCH_KIND_INTAKE_REPORT, 0, 2);
    say_within(sim, index, mailbox, SCH_KIND_CORRECTION, 2, 5);
    say_within(sim, index, dossier->creditor, SCH_KIND_LETTER_INCOMPLETE, 4, 9);
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
    } else if (kind == SCH_KIND_CORRECTION && mailbox == dossier->receiver &&
               sch_id_equal(&sim->message[message].header.subject, &dossier->id)) {
        wonder(sim, index);
    } else if (kind == SCH_KIND_INFORMATION_REQUEST) {
        bool asked = mailbox == dossier->receiver || mailbox == dossier->creditor;

        if (asked)
            answer(sim, index, 750, mailbox, SCH_KIND_INFORMATION_REPLY, -1, 8);
    } else if (mailbox == dossier->creditor && mailbox != dossier->receiver) {
        at_practice(sim, index, message);
    }
}
