/*
 * message.c: what parties say to each other: recipients, facts and letters by DOMAIN's tables, and the outbox.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "region_sim.h"
#include "seal.h"
#include "world.h"

#define LETTER_PADDED 512
#define LARGE_PADDED 300032             /* two parts */

/* The slot in which the number of this message stands, or would. */
static size_t slot_of(const struct sim *sim, const struct sch_id *id)
{
    size_t at = 0;

    for (size_t i = 8; i < sizeof id->bytes; i++)
        at = (at * 31 + id->bytes[i]) % SIM_SLOTS;
    while (sim->by_id[at] != 0 && !sch_id_equal(&sim->message[sim->by_id[at] - 1].header.id, id))
        at = (at + 1) % SIM_SLOTS;
    return at;
}

int sim_message_find(const struct sim *sim, const struct sch_id *id)
{
    return sim->by_id[slot_of(sim, id)] - 1;
}

/* A dossier has the id of the message that opened it. */
int sim_dossier_find(const struct sim *sim, const struct sch_id *id)
{
    int message = sim_message_find(sim, id), dossier = message < 0 ? -1 : sim->message[message].dossier;

    return dossier >= 0 && sch_id_equal(&sim->dossier[dossier].id, id) ? dossier : -1;
}

int sim_mailbox_find(const struct sim *sim, const char *address)
{
    for (int i = 0; i < SIM_MAILBOXES; i++)
        if (strcmp(sim->mailbox[i].address.text, address) == 0)
            return i;
    return -1;
}

/* ---- to whom ------------------------------------------------------------------------------------ */

/* The receiver, or one more copy; nobody twice, and not the sender. */
static void add(const struct sim *sim, struct sch_header *header, int sender, int mailbox)
{
    const struct sch_address *address = &sim->mailbox[mailbox].address;
    bool twice = mailbox == sender || strcmp(header->receiver.text, address->text) == 0;

    for (size_t i = 0; i < header->copy_count; i++)
        twice = twice || strcmp(header->copies[i].text, address->text) == 0;
    if (twice)
        return;
    if (header->receiver.text[0] == '\0')
        header->receiver = *address;
    else if (header->copy_count < SCH_COPIES_MAX)
        header->copies[header->copy_count++] = *address;
}

static void add_feedback(const struct sim *sim, const struct sim_dossier *dossier, int sender, bool result,
                         struct sch_header *header)
{
    add(sim, header, sender, dossier->creditor);
    for (size_t i = 0; i < dossier->copy_count; i++)
        add(sim, header, sender, dossier->copy[i]);
    if (result)
        add(sim, header, sender, dossier->referrer);
}

static bool add_same(const struct sim *sim, int subject, struct sch_header *header)
{
    const struct sch_header *of;

    if (subject < 0)
        return false;
    of = &sim->message[subject].header;
    header->subject = of->id;
    header->receiver = of->receiver;
    header->copy_count = of->copy_count;
    memcpy(header->copies, of->copies, sizeof header->copies);
    return true;
}

bool sim_address(const struct sim *sim, const struct sim_dossier *dossier, int sender, int subject,
                 struct sch_header *header)
{
    bool receives = sender == dossier->receiver;

    header->sender = sim->mailbox[sender].address;
    header->dossier = dossier->id;
    switch (header->kind) {
    case SCH_KIND_INFORMATION_REQUEST:
    case SCH_KIND_INFORMATION_REPLY:
    case SCH_KIND_CHANGE_NOTICE:
        if (!receives)
            add(sim, header, sender, dossier->receiver);
        else
            add_feedback(sim, dossier, sender, dossier->creditor == dossier->receiver, header);
        break;
    case SCH_KIND_LETTER_INCOMPLETE:
        if (subject >= 0)
            header->subject = sim->message[subject].header.id;
        add(sim, header, sender, dossier->receiver);
        break;
    case SCH_KIND_TAKEN_UP: add(sim, header, sender, dossier->receiver); break;
    case SCH_KIND_WITHDRAWAL:
        add(sim, header, sender, dossier->receiver);
        for (size_t i = 0; i < dossier->copy_count; i++)
            add(sim, header, sender, dossier->copy[i]);
        break;
    case SCH_KIND_CORRECTION: return add_same(sim, subject, header);
    case SCH_KIND_CONSULT_REPLY:
    case SCH_KIND_EXPLORATION_ADVICE:
    case SCH_KIND_TEAM_RESULT: add_feedback(sim, dossier, sender, true, header); break;
    case SCH_KIND_REMINDER:
    case SCH_KIND_NOTE:
    case SCH_KIND_SNOOZE:
    case SCH_KIND_WAIVER: break;
    case SCH_KIND_REFUSAL:
        if (!receives && sender == dossier->creditor) {
            add(sim, header, sender, dossier->receiver);
            break;
        }
        add_feedback(sim, dossier, sender, false, header);
        break;
    default: add_feedback(sim, dossier, sender, false, header);
    }
    return true;
}

/* ---- what --------------------------------------------------------------------------------------- */

bool sim_has_letter(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_REFERRAL:
    case SCH_KIND_INFORMATION_REQUEST:
    case SCH_KIND_INFORMATION_REPLY:
    case SCH_KIND_INTAKE_REPORT:
    case SCH_KIND_CHANGE_NOTICE:
    case SCH_KIND_PROGRESS_LETTER:
    case SCH_KIND_DISCHARGE_LETTER:
    case SCH_KIND_BACK_REFERRAL:
    case SCH_KIND_CONSULT_REQUEST:
    case SCH_KIND_CONSULT_REPLY:
    case SCH_KIND_EXPLORATION_REQUEST:
    case SCH_KIND_EXPLORATION_ADVICE:
    case SCH_KIND_TEAM_RESULT: return true;
    default: return false;
    }
}

/* What a complete letter of this kind has. */
static uint32_t sections_of(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_INTAKE_REPORT:
        return SCH_SECTION_INTAKE_DATE | SCH_SECTION_ANSWER | SCH_SECTION_DIAGNOSIS | SCH_SECTION_INDICATION |
               SCH_SECTION_PLAN | SCH_SECTION_START | SCH_SECTION_PRACTITIONER | SCH_SECTION_MEDICATION |
               SCH_SECTION_BRIDGING;
    case SCH_KIND_DISCHARGE_LETTER:
    case SCH_KIND_BACK_REFERRAL:
        return SCH_SECTION_END | SCH_SECTION_DONE | SCH_SECTION_RESULT | SCH_SECTION_MEDICATION |
               SCH_SECTION_RESIDUAL_RISK | SCH_SECTION_RELAPSE_SIGNALS | SCH_SECTION_AFTERCARE | SCH_SECTION_PHONE;
    case SCH_KIND_PROGRESS_LETTER: return SCH_SECTION_COURSE | SCH_SECTION_CHANGES | SCH_SECTION_PLAN;
    case SCH_KIND_TEAM_RESULT: return SCH_SECTION_QUESTION | SCH_SECTION_RESULT;
    case SCH_KIND_REFERRAL:
    case SCH_KIND_CONSULT_REQUEST:
    case SCH_KIND_EXPLORATION_REQUEST: return SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    default: return 0;
    }
}

static int64_t date_in(struct sim *sim, int from, int to)
{
    int days = from + (int)sch_prng_below(&sim->prng, (uint64_t)(to - from) + 1);

    return sch_date_from_day(sch_day_of_ms(sim->now_ms) + days);
}

static int64_t one_of(struct sim *sim, uint64_t count)
{
    return 1 + (int64_t)sch_prng_below(&sim->prng, count);
}

static void facts_of_care(struct sim *sim, enum sch_kind kind, int64_t *fact)
{
    bool yes = !sch_prng_chance(&sim->prng, 200);

    switch (kind) {
    case SCH_KIND_APPOINTMENT: fact[SCH_FACT_EVENT_DATE] = date_in(sim, 0, 20); break;
    case SCH_KIND_NO_SHOW:
        fact[SCH_FACT_EVENT_DATE] = date_in(sim, -3, 0);
        fact[SCH_FACT_NO_SHOW_COUNT] = one_of(sim, 3);
        break;
    case SCH_KIND_INTAKE_REPORT:
        fact[SCH_FACT_EVENT_DATE] = date_in(sim, -5, 0);
        fact[SCH_FACT_OUTCOME] = yes ? SCH_OUTCOME_TREATMENT : SCH_OUTCOME_NO_TREATMENT;
        break;
    case SCH_KIND_TREATMENT_START:
        fact[SCH_FACT_STARTED] = yes ? SCH_STARTED_YES : SCH_STARTED_NOT_YET;
        fact[yes ? SCH_FACT_EVENT_DATE : SCH_FACT_EXPECTED_DATE] = yes ? date_in(sim, -3, 0) : date_in(sim, 5, 60);
        break;
    case SCH_KIND_TREATMENT_END:
        fact[SCH_FACT_EVENT_DATE] = date_in(sim, -3, 0);
        fact[SCH_FACT_END_REASON] = one_of(sim, 7);
        fact[SCH_FACT_SETTING] = yes ? SCH_SETTING_AMBULANT : SCH_SETTING_CLINICAL;
        break;
    case SCH_KIND_DISCHARGE_LETTER: fact[SCH_FACT_EVENT_DATE] = date_in(sim, -3, 0); break;
    case SCH_KIND_BACK_REFERRAL: fact[SCH_FACT_END_REASON] = SCH_END_STABLE; break;
    case SCH_KIND_NO_REPORT: {
        static const int64_t expectation[] = { 6, 8, 9, 15 };
        fact[SCH_FACT_EXPECTATION] = expectation[sch_prng_below(&sim->prng, 4)];
        break;
    }
    case SCH_KIND_CONSULT_REQUEST:
        fact[SCH_FACT_TOPIC] = one_of(sim, 6);
        fact[SCH_FACT_CONSULT_FORM] = one_of(sim, 2);
        break;
    case SCH_KIND_EXPLORATION_ADVICE: fact[SCH_FACT_ROUTE] = one_of(sim, 7); break;
    case SCH_KIND_TEAM_RESULT: fact[SCH_FACT_TEAM_OUTCOME] = one_of(sim, 5); break;
    case SCH_KIND_CARE_NOTICE: fact[SCH_FACT_EVENT_DATE] = date_in(sim, -20, 0); break;
    case SCH_KIND_INVOLVEMENT_NOTICE: fact[SCH_FACT_CONSENT] = SCH_YES_YES; break;
    default: break;
    }
}

static void facts_of_talk(struct sim *sim, enum sch_kind kind, struct sch_header *header)
{
    int64_t *fact = header->fact;
    bool yes = sch_prng_chance(&sim->prng, 500);

    switch (kind) {
    case SCH_KIND_ACCEPTANCE:
    case SCH_KIND_WAIT_STATUS:
        if (yes)
            fact[SCH_FACT_EXPECTED_DATE] = date_in(sim, 5, 80);
        break;
    case SCH_KIND_REFUSAL: fact[SCH_FACT_REFUSAL_REASON] = one_of(sim, 13); break;
    case SCH_KIND_REDIRECTION:
        fact[SCH_FACT_REFUSAL_REASON] = one_of(sim, 13);
        fact[SCH_FACT_REDIRECTION_MODE] = yes ? SCH_MODE_FORWARDED : SCH_MODE_ADVISED;
        fact[SCH_FACT_PATIENT_AGREED] = yes ? SCH_YES_YES : 0;
        header->concerned = sim->mailbox[7].address;
        break;
    case SCH_KIND_TRANSFER_NOTICE: header->concerned = sim->mailbox[7].address; break;
    case SCH_KIND_LETTER_INCOMPLETE: fact[SCH_FACT_MISSING_SECTIONS] = SCH_SECTION_PLAN; break;
    case SCH_KIND_TAKEN_UP: fact[SCH_FACT_TAKEN_UP] = one_of(sim, 4); break;
    case SCH_KIND_WITHDRAWAL: fact[SCH_FACT_WITHDRAWAL_REASON] = one_of(sim, 4); break;
    case SCH_KIND_CORRECTION: fact[SCH_FACT_WRONG_PARTY] = yes ? SCH_YES_YES : 0; break;
    case SCH_KIND_REMINDER: fact[SCH_FACT_EXPECTATION] = yes ? 1 + one_of(sim, 14) : 11; break;
    case SCH_KIND_NOTE: fact[SCH_FACT_NOTE] = one_of(sim, 5); break;
    case SCH_KIND_SNOOZE:
        fact[SCH_FACT_EXPECTATION] = yes ? 1 + one_of(sim, 14) : 9 + one_of(sim, 2);
        fact[SCH_FACT_SNOOZE_REASON] = one_of(sim, 4);
        fact[SCH_FACT_UNTIL] = date_in(sim, 1, 40);
        break;
    case SCH_KIND_WAIVER:
        fact[SCH_FACT_EXPECTATION] = yes ? 1 + one_of(sim, 14) : 9 + one_of(sim, 2);
        fact[SCH_FACT_WAIVER_REASON] = one_of(sim, 5);
        break;
    default: facts_of_care(sim, kind, fact);
    }
}

void sim_facts(struct sim *sim, struct sch_header *header)
{
    enum sch_kind kind = header->kind;

    facts_of_talk(sim, kind, header);
    if (!sim_has_letter(kind) || sch_prng_chance(&sim->prng, 100))
        return;                         /* a document: nobody coded its sections */
    header->sections_known = true;
    header->sections = sections_of(kind);
    if (kind != SCH_KIND_REFERRAL && sch_prng_chance(&sim->prng, 150))
        header->sections &= SCH_SECTION_PLAN | SCH_SECTION_QUESTION | SCH_SECTION_PHONE;
}

/* ---- the outbox --------------------------------------------------------------------------------- */

void sim_part(struct sim *sim, int index, uint32_t part)
{
    const struct sim_message *message = &sim->message[index];
    struct sch_command command = { .request = 5, .type = SCH_COMMAND_PART };
    int system = sim_adapter(sim, message->party);

    if (system < 0)
        return;
    command.part.sender = message->header.sender;
    command.part.upload = message->upload;
    command.part.count = message->part_count;
    command.part.index = part < message->part_count ? part : 0;
    sim->parts++;
    sim_say(sim, system, &command, part < message->part_count ? sch_seal_part_size(LARGE_PADDED, part) : 0);
}

/* A large letter goes ahead in parts; the message goes when all are there. */
void sim_submit(struct sim *sim, int index)
{
    const struct sim_message *message = &sim->message[index];
    int system = sim_adapter(sim, message->party);

    if (system < 0)
        return;
    if (message->part_count > 0)
        sim_part(sim, index, UINT32_MAX);       /* asks which are missing */
    else
        sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ message->command, message->command_size },
                    message->body_size, 0);
}

static void write_command(struct sim_message *message, const struct sch_seal *sealed)
{
    struct sch_command command = { .request = SIM_SUBMIT_REQUEST, .type = SCH_COMMAND_SUBMIT };
    uint8_t header[SCH_HEADER_SIZE_MAX], seal[SCH_SEAL_SIZE_MAX], bytes[SCH_COMMAND_SIZE_MAX];

    command.submit.header.ptr = header;
    command.submit.header.len = sch_header_encode(&message->header, header, sizeof header);
    command.submit.seal.ptr = seal;
    command.submit.seal.len = sch_seal_encode(sealed, seal, sizeof seal);
    command.submit.upload = message->upload;
    message->command_size = sch_command_encode(&command, bytes, sizeof bytes);
    assert(command.submit.header.len > 0 && command.submit.seal.len > 0 && message->command_size > 0);
    message->command = malloc(message->command_size);
    assert(message->command != NULL);
    memcpy(message->command, bytes, message->command_size);
}

int sim_make(struct sim *sim, int sender, int dossier, struct sch_header *header, bool wild)
{
    struct sim_message *message = &sim->message[sim->message_count];
    bool letter = sim_has_letter(header->kind), large = letter && sim_fails(sim, SIM_FAULT_LARGE);
    struct sch_seal sealed;

    if (sim->message_count == SIM_MESSAGES_MAX)
        return -1;
    memset(message, 0, sizeof *message);
    if (sch_id_is_none(&header->id))
        header->id = sch_region_sim_id(sim->now_ms, &sim->prng);
    message->header = *header;
    message->party = sim->mailbox[sender].party;
    message->dossier = dossier;
    message->letter = letter;
    message->wild = wild;
    message->made_ms = sim->now_ms;
    message->to_count = sch_region_sim_recipients(header, message->to);
    message->body_size = sch_region_sim_seal(sim_book(SIM_BOOK_PLAIN), &message->header,
                                             !letter ? 0 : large ? LARGE_PADDED : LETTER_PADDED, sim->now_ms,
                                             &sim->prng, &sealed);
    if (large) {
        sealed.suite = SCH_SUITE_PARTS;
        message->part_count = (uint32_t)sch_seal_part_count(LARGE_PADDED);
        message->body_size = 0;
        sch_prng_fill(&sim->prng, message->upload.bytes, sizeof message->upload.bytes);
    }
    if (letter && sch_prng_chance(&sim->prng, 60))
        message->missing = SCH_SECTION_PLAN;
    write_command(message, &sealed);
    sim->message_count++;
    sim->by_id[slot_of(sim, &message->header.id)] = (uint16_t)sim->message_count;
    sim_submit(sim, (int)sim->message_count - 1);
    return (int)sim->message_count - 1;
}

/* A message of this dossier that a kind can be about; -1: none. */
static int subject_of(struct sim *sim, int dossier, int sender, enum sch_kind kind)
{
    int found = -1, seen = 0;

    for (int i = (int)sim->message_count - 1; i >= 0 && i > (int)sim->message_count - 2000; i--) {
        const struct sim_message *message = &sim->message[i];
        bool own = message->party == sim->mailbox[sender].party &&
                   strcmp(message->header.sender.text, sim->mailbox[sender].address.text) == 0;

        if (message->dossier != dossier || message->header.kind == SCH_KIND_CORRECTION ||
            (kind == SCH_KIND_CORRECTION ? !own : own || message->header.kind != SCH_KIND_INTAKE_REPORT))
            continue;
        if (sch_prng_below(&sim->prng, (uint64_t)++seen) == 0)
            found = i;
    }
    return found;
}

int sim_tell(struct sim *sim, int dossier, int sender, enum sch_kind kind, int subject, bool wild)
{
    struct sch_header header = { .kind = kind };
    const struct sim_dossier *about = &sim->dossier[dossier];

    wild = wild || sim->message[about->opening].wild;
    if (!wild && !sim->message[about->opening].receipted)
        return -1;                      /* first things first */
    if (subject < 0 && (kind == SCH_KIND_CORRECTION || kind == SCH_KIND_LETTER_INCOMPLETE)) {
        subject = subject_of(sim, dossier, sender, kind);
        if (subject < 0 || (!wild && !sim->message[subject].receipted))
            return -1;
    }
    if (!sim_address(sim, about, sender, subject, &header))
        return -1;
    sim_facts(sim, &header);
    return sim_make(sim, sender, dossier, &header, wild);
}
