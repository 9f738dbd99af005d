/*
 * noise.c: what nobody should say, whoever tries it all the same, and whoever asks.
 *
 * What is forged is not written into anybody's outbox: when it is receipted or delivered, somebody finds a
 * message that nobody sent.
 */
#include <assert.h>
#include <string.h>

#include "id.h"
#include "region_sim.h"
#include "world.h"

static int any_mailbox(struct sim *sim)
{
    return (int)sch_prng_below(&sim->prng, SIM_MAILBOXES);
}

/* One of the recent dossiers, mostly one that the broker took; -1: none. */
static int any_dossier(struct sim *sim)
{
    size_t count = sim->dossier_count, recent = count < 40 ? count : 40, found = 0;

    if (count == 0)
        return -1;
    for (int tries = 0; tries < 8; tries++) {
        found = sch_prng_chance(&sim->prng, 200) ? sch_prng_below(&sim->prng, count)
                                                 : count - 1 - sch_prng_below(&sim->prng, recent);
        if (sim->message[sim->dossier[found].opening].receipted)
            break;
    }
    return (int)found;
}

static int member_of(struct sim *sim, const struct sim_dossier *dossier)
{
    switch (sch_prng_below(&sim->prng, 8)) {
    case 0:
    case 1:
    case 2: return dossier->receiver;
    case 3:
    case 4: return dossier->creditor;
    case 5: return dossier->referrer;
    case 6: return 9;                   /* the coordinator */
    default: return any_mailbox(sim);
    }
}

static bool opens(enum sch_kind kind)
{
    return kind == SCH_KIND_REFERRAL || kind == SCH_KIND_CONSULT_REQUEST || kind == SCH_KIND_EXPLORATION_REQUEST ||
           kind == SCH_KIND_CARE_NOTICE || kind == SCH_KIND_INVOLVEMENT_NOTICE;
}

static int own_mailbox(struct sim *sim, int system)
{
    int mailbox = any_mailbox(sim);

    while (sim->mailbox[mailbox].party != sim->system[system].party)
        mailbox = (mailbox + 1) % SIM_MAILBOXES;
    return mailbox;
}

/* ---- forging ------------------------------------------------------------------------------------ */

/* Sends a message as this party, signed as whoever it says to be from. */
static void forge(struct sim *sim, int system, uint64_t request, struct sch_header *header)
{
    struct sch_command command = { .request = request, .type = SCH_COMMAND_SUBMIT };
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_seal sealed;
    size_t body_size;

    if (sch_id_is_none(&header->id))
        header->id = sch_region_sim_id(sim->now_ms, &sim->prng);
    body_size = sch_region_sim_seal(sim_book(SIM_BOOK_PLAIN), header, sim_has_letter(header->kind) ? 512 : 0,
                                    sim->now_ms, &sim->prng, &sealed);
    command.submit.header.ptr = header_bytes;
    command.submit.header.len = sch_header_encode(header, header_bytes, sizeof header_bytes);
    command.submit.seal.ptr = seal_bytes;
    command.submit.seal.len = sch_seal_encode(&sealed, seal_bytes, sizeof seal_bytes);
    if (command.submit.header.len == 0)
        return;
    sim->forged++;
    sim_say(sim, system, &command, body_size);
}

/* As somebody else. */
static void forge_sender(struct sim *sim, int system)
{
    int dossier = any_dossier(sim), victim = any_mailbox(sim);
    struct sch_header header = { .kind = SCH_KIND_REFUSAL };

    if (dossier < 0 || sim->mailbox[victim].party == sim->system[system].party ||
        !sim_address(sim, &sim->dossier[dossier], victim, -1, &header))
        return;
    sim_facts(sim, &header);
    forge(sim, system, SIM_FORGED_REQUEST, &header);
}

/* Any kind on a dossier that does not exist, or that is somebody else's. */
static void forge_dossier(struct sim *sim, int system, bool foreign)
{
    int dossier = any_dossier(sim), sender = own_mailbox(sim, system);
    struct sch_header header = { .kind = (enum sch_kind)(1 + sch_prng_below(&sim->prng, SCH_KIND_COUNT - 1)) };
    const struct sim_dossier *about;

    if (dossier < 0 || opens(header.kind))
        return;
    about = &sim->dossier[dossier];
    if (foreign && (sender == about->referrer || sender == about->receiver || sender == about->creditor ||
                    about->copy_count > 0 || sim->mailbox[sender].kind == SCH_PARTY_COORDINATOR))
        return;
    if (!sim_address(sim, about, member_of(sim, about), about->opening, &header))
        return;
    header.sender = sim->mailbox[sender].address;
    if (header.receiver.text[0] != '\0' && strcmp(header.receiver.text, header.sender.text) == 0)
        return;
    if (!foreign)
        sch_prng_fill(&sim->prng, header.dossier.bytes, sizeof header.dossier.bytes);
    sim_facts(sim, &header);
    forge(sim, system, SIM_FOREIGN_REQUEST, &header);
}

/* Another message under the id of one's own that is taken. */
static void reuse_id(struct sim *sim, int system)
{
    static const enum sch_kind kinds[] = { SCH_KIND_REFERRAL, SCH_KIND_CONSULT_REQUEST, SCH_KIND_EXPLORATION_REQUEST,
                                           SCH_KIND_CARE_NOTICE, SCH_KIND_INVOLVEMENT_NOTICE };
    int sender = own_mailbox(sim, system), dossier = any_dossier(sim);
    struct sch_header header = { .kind = kinds[sch_prng_below(&sim->prng, 5)] };

    if (dossier < 0 || !sim->message[sim->dossier[dossier].opening].receipted)
        return;
    header.id = sim->dossier[dossier].id;
    header.sender = sim->mailbox[sender].address;
    header.receiver = sim->mailbox[(sender + 3) % SIM_MAILBOXES].address;
    sim_facts(sim, &header);
    forge(sim, system, SIM_FORGED_REQUEST, &header);
}

/* A question under the id of something else that one said. */
static void reuse_any_id(struct sim *sim, int system)
{
    const struct sim_message *message;
    struct sch_header header = { .kind = SCH_KIND_INFORMATION_REQUEST };

    if (sim->message_count == 0)
        return;
    message = &sim->message[sim->message_count - 1 - sch_prng_below(&sim->prng, sim->message_count < 100
                                                                                    ? sim->message_count : 100)];
    if (!message->receipted || message->dossier < 0 || message->party != sim->system[system].party ||
        !sim_address(sim, &sim->dossier[message->dossier], sim_mailbox_find(sim, message->header.sender.text), -1,
                     &header))
        return;
    header.id = message->header.id;
    sim_facts(sim, &header);
    forge(sim, system, SIM_FORGED_REQUEST, &header);
}

/* Settles what is not there, or not his. */
static void settle_wrongly(struct sim *sim, int system)
{
    int mailbox = sch_prng_chance(&sim->prng, 500) ? own_mailbox(sim, system) : any_mailbox(sim);
    struct sch_command command = { .type = SCH_COMMAND_SETTLE };

    command.settle.verdict = (enum sch_wire_verdict)(1 + sch_prng_below(&sim->prng, 3));
    command.settle.refusal = command.settle.verdict == SCH_VERDICT_REFUSED ? SCH_SYSTEM_REFUSAL_OTHER : 0;
    command.settle.mailbox = sim->mailbox[mailbox].address;
    if (sim->mailbox[mailbox].party == sim->system[system].party) {
        command.request = SIM_UNKNOWN_REQUEST + (uint64_t)command.settle.verdict;
        command.settle.message = sch_region_sim_id(sim->now_ms, &sim->prng);
    } else if (sim->message_count > 0) {
        command.request = SIM_FORGED_REQUEST;
        command.settle.message = sim->message[sch_prng_below(&sim->prng, sim->message_count)].header.id;
    }
    if (command.request != 0)
        sim_say(sim, system, &command, 0);
}

/* ---- garbage ------------------------------------------------------------------------------------ */

static void garble(struct sim *sim, int system, bool large)
{
    static uint8_t bytes[SCH_COMMAND_SIZE_MAX + 64];
    size_t size = 1 + sch_prng_below(&sim->prng, 300);

    sch_prng_fill(&sim->prng, bytes, size);
    if (large && sch_prng_chance(&sim->prng, 500))
        sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ bytes, sizeof bytes }, 0, 0);
    else if (large)
        sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ bytes, size }, SCH_BODY_SIZE_MAX + 1, 0);
    else if (sim->message_count > 0 && sch_prng_chance(&sim->prng, 500)) {
        const struct sim_message *message = &sim->message[sch_prng_below(&sim->prng, sim->message_count)];

        size = 1 + sch_prng_below(&sim->prng, message->command_size / 2);
        sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ message->command, size }, 0, 0);
    } else {
        sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ bytes, size }, 0,
                    sch_prng_chance(&sim->prng, 200) ? 3 : 0);
    }
}

/* ---- at random ---------------------------------------------------------------------------------- */

/* What this sort of dossier is there for, or what seldom comes so early. */
static enum sch_kind result_of(struct sim *sim, const struct sim_dossier *dossier)
{
    static const enum sch_kind other[] = { SCH_KIND_APPOINTMENT, SCH_KIND_INTAKE_REPORT, SCH_KIND_REDIRECTION,
                                           SCH_KIND_REMINDER, SCH_KIND_LETTER_INCOMPLETE };

    if (sch_prng_chance(&sim->prng, 500))
        return other[sch_prng_below(&sim->prng, 5)];
    return dossier->kind == SCH_KIND_CONSULT_REQUEST                              ? SCH_KIND_CONSULT_REPLY
           : dossier->kind == SCH_KIND_EXPLORATION_REQUEST                        ? SCH_KIND_EXPLORATION_ADVICE
           : sim->mailbox[dossier->receiver].kind == SCH_PARTY_WIJKTEAM ? SCH_KIND_TEAM_RESULT
                                                                                  : SCH_KIND_BACK_REFERRAL;
}

static void say_anything(struct sim *sim)
{
    enum sch_kind kind = (enum sch_kind)(1 + sch_prng_below(&sim->prng, SCH_KIND_COUNT - 1));
    int dossier = any_dossier(sim), origin = any_dossier(sim);

    if (opens(kind) && sch_prng_chance(&sim->prng, 400)) {
        sim_open_any(sim);
    } else if (opens(kind)) {
        int sender = any_mailbox(sim), parent = -1, follows = -1;

        if (kind == SCH_KIND_REFERRAL && origin >= 0 && sch_prng_chance(&sim->prng, 400)) {
            parent = origin;
            sender = sim->dossier[origin].receiver;
        } else if (kind == SCH_KIND_REFERRAL && origin >= 0 && sch_prng_chance(&sim->prng, 700)) {
            follows = origin;
            sender = sim->dossier[origin].creditor;
        }
        sim_open(sim, kind, sender, any_mailbox(sim), parent, follows, true);
    } else if (dossier >= 0) {
        if (sch_prng_chance(&sim->prng, 200))
            kind = result_of(sim, &sim->dossier[dossier]);
        sim_tell(sim, dossier, member_of(sim, &sim->dossier[dossier]), kind, -1, true);
    }
}

/*
 * While everything is permitted, a wijkteam and an exploratory talk go the way of care, as far as that goes; what they
 * are there for comes later.
 */
void sim_liberty(struct sim *sim)
{
    static const enum sch_kind care[] = { SCH_KIND_APPOINTMENT, SCH_KIND_INTAKE_REPORT, SCH_KIND_REDIRECTION,
                                          SCH_KIND_TREATMENT_START, SCH_KIND_BACK_REFERRAL };

    for (int talk = 0; talk < 2; talk++) {
        int receiver = talk ? 10 : 6, dossier = (int)sim->dossier_count;
        enum sch_kind kind = talk ? SCH_KIND_EXPLORATION_REQUEST : SCH_KIND_REFERRAL;
        struct sim_event event = { .type = SIM_SAY, .dossier = dossier, .sender = receiver, .subject = -1 };

        if (sim_open(sim, kind, (int)sch_prng_below(&sim->prng, 2) * 2, receiver, -1, -1, true) < 0)
            return;
        event.at_ms = sim_later(sim, 2 * SIM_DAY_MS);
        event.kind = care[sch_prng_below(&sim->prng, 5)];
        sim_schedule(sim, event);
        event.at_ms = 2 * SIM_DAY_MS + sim_later(sim, 15 * SIM_DAY_MS);
        event.kind = talk ? SCH_KIND_EXPLORATION_ADVICE : SCH_KIND_TEAM_RESULT;
        sim_schedule(sim, event);
    }
}

void sim_noise(struct sim *sim)
{
    if (sim->healing)
        return;
    say_anything(sim);
    sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, 10 * SIM_HOUR_MS), .type = SIM_NOISE });
}

/* Somebody looks something up. */
static void ask(struct sim *sim, int system)
{
    int dossier = any_dossier(sim);
    struct sch_command command = { .request = 7, .type = SCH_COMMAND_QUERY };

    command.query.type = (enum sch_query_type)(1 + sch_prng_below(&sim->prng, SCH_QUERY_PASSED));
    command.query.party = sim->mailbox[own_mailbox(sim, system)].address;
    command.query.limit = 20;
    command.query.by = command.query.type == SCH_QUERY_AGE ? SCH_AGE_BY_RECEIVER : 0;
    if (dossier >= 0 && (command.query.type == SCH_QUERY_DOSSIER || command.query.type == SCH_QUERY_TRACE ||
                         command.query.type == SCH_QUERY_CHAIN))
        command.query.dossier = sim->dossier[dossier].id;
    sim->asked++;
    sim_say(sim, system, &command, 0);
}

void sim_visit(struct sim *sim, int system)
{
    bool noisy = !sim->healing && sim_is_on(sim, SIM_FAULT_NOISE);

    if (sim_fails(sim, SIM_FAULT_ASK))
        ask(sim, system);
    if (sim_fails(sim, SIM_FAULT_FORGE))
        forge_sender(sim, system);
    if (sim_fails(sim, SIM_FAULT_FORGE))
        forge_dossier(sim, system, true);
    if (sim_fails(sim, SIM_FAULT_FORGE) || (noisy && sch_prng_chance(&sim->prng, 100)))
        settle_wrongly(sim, system);
    if (noisy && sch_prng_chance(&sim->prng, 300))
        forge_dossier(sim, system, false);
    if (noisy && sch_prng_chance(&sim->prng, 300))
        reuse_id(sim, system);
    if (noisy && sch_prng_chance(&sim->prng, 500))
        reuse_any_id(sim, system);
    if (sim_fails(sim, SIM_FAULT_MALFORMED))
        garble(sim, system, false);
    if (sim_fails(sim, SIM_FAULT_OVERSIZED))
        garble(sim, system, true);
}
