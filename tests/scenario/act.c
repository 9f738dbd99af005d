/*
 * act.c: what parties do: refer, send, collect, connect.
 *
 * A party that did not connect opens a session for the moment of each act and breaks it off afterwards, as a
 * system does that polls. What it was offered and did not settle is free again when it comes back.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/kind.h"
#include "id.h"
#include "names.h"
#include "story.h"

#define CREDIT 256

/* ---- sessions ----------------------------------------------------------------------------------- */

size_t story_enter(struct story *story, struct story_system *system)
{
    return system->connected ? system->peer
                             : stage_enter(&story->stage, system->party->key_id, system->instance);
}

void story_leave(struct story *story, const struct story_system *system, size_t peer)
{
    struct stage *stage = &story->stage;
    size_t kept = 0;

    if (system->connected)
        return;
    sch_net_sim_disconnect(stage->net, peer);
    for (size_t i = 0; i < stage->delivery_count; i++)
        if (stage->delivery[i].peer != peer)
            stage->delivery[kept++] = stage->delivery[i];
    stage->delivery_count = kept;
}

static bool connects(struct story *story, const struct story_words *words, struct story_system *system)
{
    struct sch_reply reply;
    unsigned credit = CREDIT;

    if (story_is(words, 2, "CREDIT") && (words->count < 4 || sscanf(words->word[3], "%u", &credit) != 1))
        return story_fail(story, "CREDIT takes a number");
    system->connected = false;
    system->peer = story_enter(story, system);
    system->connected = true;
    if (!stage_attach(&story->stage, system->peer, system->party->address, credit, &reply) ||
        reply.type != SCH_REPLY_ATTACHED)
        return story_fail(story, "expected %s to be attached, got %s", system->name,
                          reply.type == SCH_REPLY_REJECTION ? reply.rejection.name : "no answer");
    stage_drain(&story->stage, system->peer);
    return true;
}

static bool leaves(struct story *story, struct story_system *system)
{
    if (!system->connected)
        return story_fail(story, "%s is not connected", system->name);
    system->connected = false;
    sch_net_sim_disconnect(story->stage.net, system->peer);
    return true;
}

/* ---- writing ------------------------------------------------------------------------------------ */

static struct sch_address address_of(struct story *story, const char *name)
{
    struct sch_address address = { "" };

    if (sch_region_sim_named(name) == NULL)
        (void)story_fail(story, "nobody is called \"%s\"", name);
    else
        (void)sch_address_set(&address, sch_region_sim_named(name)->address);
    return address;
}

/* Names a message: as the teller says, or after its kind. */
static struct story_message *new_message(struct story *story, const char *name, enum sch_kind kind)
{
    struct story_message *message = &story->message[story->message_count];
    unsigned number = 1;

    if (story->message_count == STORY_MESSAGES_MAX) {
        (void)story_fail(story, "too many messages");
        return NULL;
    }
    memset(message, 0, sizeof *message);
    if (name[0] != '\0') {
        snprintf(message->name, sizeof message->name, "%s", name);
    } else {
        for (size_t i = 0; i < story->message_count; i++)
            number += story->message[i].message.header.kind == kind;
        snprintf(message->name, sizeof message->name, "%s", sch_code_name(SCH_SET_KIND, kind));
        for (char *c = message->name; *c != '\0'; c++)
            *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
        if (number > 1)
            snprintf(message->name + strlen(message->name), 12, "-%u", number);
    }
    story->message_count++;
    return message;
}

static bool keep_answer(struct story *story, bool answered)
{
    story->answered = answered;
    story->answer_seen = story->answer_is_new = false;
    story->answer_line = story->at;
    if (answered && story->answer.type == SCH_REPLY_REJECTION)
        snprintf(story->field, sizeof story->field, "%s", story->answer.rejection.field);
    return answered || story_fail(story, "expected an answer, got none");
}

static bool submit(struct story *story, struct story_system *system, const struct stage_message *message)
{
    size_t peer = story_enter(story, system);
    bool answered = stage_submit(&story->stage, peer, message, &story->answer);

    story_leave(story, system, peer);
    return keep_answer(story, answered);
}

/* What may follow a REFERS or a SENDS. */
struct options {
    char name[STORY_NAME_MAX + 1];
    uint32_t without;
    bool document, letter;
};

static bool read_id(struct story *story, const char *name, struct sch_id *id)
{
    const struct story_message *other = story_message(story, name);

    if (other != NULL)
        *id = other->message.header.id;
    return other != NULL;
}

static bool read_option(struct story *story, const struct story_words *words, size_t *at,
                        struct sch_header *header,
                        struct options *options)
{
    const char *word = words->word[(*at)++];
    const char *value = *at < words->count ? words->word[*at] : "";
    int64_t code;

    if (strcmp(word, "DOCUMENT") == 0)
        return options->document = true;
    if (strcmp(word, "LETTER") == 0)
        return options->letter = true;
    if (strchr(word, '=') != NULL)
        return story_fact(story, word, header);
    ++*at;
    if (strcmp(word, "AS") == 0)
        return snprintf(options->name, sizeof options->name, "%s", value) > 0;
    if (strcmp(word, "WITHOUT") == 0)
        return story_sections(story, value, &options->without);
    if (strcmp(word, "TO") == 0)
        return (header->receiver = address_of(story, value)).text[0] != '\0';
    if (strcmp(word, "CREDITOR") == 0)
        return (header->creditor = address_of(story, value)).text[0] != '\0';
    if (strcmp(word, "COPY") == 0 && header->copy_count < SCH_COPIES_MAX)
        return (header->copies[header->copy_count++] = address_of(story, value)).text[0] != '\0';
    if (strcmp(word, "URGENCY") == 0) {
        bool known = story_code(story, SCH_SET_URGENCY, value, &code);
        header->fact[SCH_FACT_URGENCY] = code;
        return known;
    }
    if (strcmp(word, "TOWARDS") == 0)
        return (header->concerned = address_of(story, value)).text[0] != '\0';
    if (strcmp(word, "PREPARED_BY") == 0)
        return (header->prepared_by = address_of(story, value)).text[0] != '\0';
    if (strcmp(word, "GROUP") == 0)
        return story_group(story, value, &header->group);
    if (strcmp(word, "FOLLOWS") == 0)
        return read_id(story, value, &header->follows);
    if (strcmp(word, "PARENT") == 0)
        return read_id(story, value, &header->parent);
    if (strcmp(word, "ABOUT") == 0)
        return read_id(story, value, &header->subject);
    return story_fail(story, "\"%s\" means nothing here", word);
}

static bool write_and_submit(struct story *story, struct story_system *system, struct sch_header *header,
                             const struct options *options, size_t referral)
{
    const struct sch_kind_rule *rule = sch_kind_rule(header->kind);
    bool letter = rule->letter == SCH_LETTER_MANDATORY || options->letter;
    struct story_message *message = new_message(story, options->name, header->kind);

    if (message == NULL)
        return false;
    if (letter && !options->document) {
        header->sections_known = true;
        header->sections = (header->sections == 0 ? rule->sections : header->sections) & ~options->without;
    }
    message->referral = referral == SIZE_MAX ? (size_t)(message - story->message) : referral;
    stage_write(&story->stage, &message->message, header, letter ? STAGE_LETTER : 0);
    if (!submit(story, system, &message->message))
        return false;
    return story->answer_is_new = true;
}

/* What each opening kind cannot do without, unless the teller says otherwise. */
static void fill_opening(struct story *story, struct sch_header *header, const struct sch_region_party *to)
{
    if (header->kind == SCH_KIND_CARE_NOTICE)
        header->fact[SCH_FACT_EVENT_DATE] = stage_date(&story->stage, 0);
    if (header->kind == SCH_KIND_INVOLVEMENT_NOTICE)
        header->fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    if (header->kind != SCH_KIND_REFERRAL)
        return;
    header->fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header->fact[SCH_FACT_LETTER_DATE] = stage_date(&story->stage, 0);
    header->fact[SCH_FACT_ECHELON] = to->kind;
    if (to->kind == SCH_PARTY_WIJKTEAM) {
        header->fact[SCH_FACT_CONSENT] = SCH_YES_YES;
        header->sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON | SCH_SECTION_CONSENT |
                           SCH_SECTION_BRIDGING;
    }
    if (to->kind == SCH_PARTY_CRISIS)
        header->fact[SCH_FACT_PHONED_AT] = stage_now_ms(&story->stage);
}

/* "linde REFERS TO haven AS r1 …", "linde SENDS CONSULT_REQUEST TO haven …": opens a dossier. at: where
 * the name of the receiver stands. */
static bool opens(struct story *story, const struct story_words *words, struct story_system *system,
                  enum sch_kind kind, size_t at)
{
    struct sch_header header = { .kind = kind };
    struct options options = { .name = "" };
    const struct sch_region_party *to;

    if (at >= words->count || (to = sch_region_sim_named(words->word[at])) == NULL)
        return story_fail(story, "TO whom?");
    at++;
    header.sender = address_of(story, system->party->name);
    header.receiver = address_of(story, to->name);
    fill_opening(story, &header, to);
    while (at < words->count)
        if (!read_option(story, words, &at, &header, &options))
            return false;
    return write_and_submit(story, system, &header, &options, SIZE_MAX);
}

/* A correction goes to whom the message went. */
static void address_as_corrected(struct story *story, struct sch_header *header)
{
    const struct story_message *wrong = story_message_of(story, &header->subject);

    if (wrong == NULL)
        return;
    header->receiver = wrong->message.header.receiver;
    header->copy_count = wrong->message.header.copy_count;
    memcpy(header->copies, wrong->message.header.copies, sizeof header->copies);
}

static bool sends(struct story *story, const struct story_words *words, struct story_system *system)
{
    struct options options = { .name = "" };
    struct story_message *referral;
    struct sch_header header;
    int64_t kind;
    size_t at = 5;

    if (words->count < 5 || (!story_is(words, 3, "ON") && !story_is(words, 3, "TO")))
        return story_fail(story, "SENDS what ON which dossier, or TO whom?");
    if (!story_code(story, SCH_SET_KIND, words->word[2], &kind))
        return false;
    if (story_is(words, 3, "TO"))
        return opens(story, words, system, (enum sch_kind)kind, 4);
    referral = story_message(story, words->word[4]);
    if (referral == NULL)
        return false;
    header = stage_header(&referral->message.header, (enum sch_kind)kind, system->party->name);
    while (at < words->count)
        if (!read_option(story, words, &at, &header, &options))
            return false;
    if (header.kind == SCH_KIND_CORRECTION)
        address_as_corrected(story, &header);
    return write_and_submit(story, system, &header, &options, (size_t)(referral - story->message));
}

static bool resends(struct story *story, const struct story_words *words, struct story_system *system)
{
    const struct story_message *message = words->count > 2 ? story_message(story, words->word[2]) : NULL;

    return message != NULL && submit(story, system, &message->message);
}

/* ---- settling ----------------------------------------------------------------------------------- */

/* Is this what the story calls so: a message by its name, or one of the broker's own by its kind? */
static bool is_called(struct story *story, const struct stage_delivery *delivery, const char *name)
{
    const struct story_message *message = story_message_of(story, &delivery->header.id);
    const int64_t *fact = delivery->header.fact;
    char reminder[STORY_NAME_MAX + 1];

    if (message != NULL)
        return strcmp(message->name, name) == 0;
    if (fact[SCH_FACT_STEP] == SCH_STEP_WITHDRAW)
        snprintf(reminder, sizeof reminder, "REMINDER:WITHDRAW");
    else
        snprintf(reminder, sizeof reminder, "REMINDER:E%u", (unsigned)fact[SCH_FACT_EXPECTATION]);
    return strcmp(sch_code_name(SCH_SET_KIND, delivery->header.kind), name) == 0 ||
           (delivery->header.kind == SCH_KIND_REMINDER && strcmp(reminder, name) == 0);
}

/* The last delivery to this peer that is called so and not settled; name NULL: the first of any. */
static struct stage_delivery *find(struct story *story, size_t peer, const char *name)
{
    struct stage *stage = &story->stage;

    stage_run(stage);
    stage_drain(stage, peer);
    for (size_t i = 0; i < stage->delivery_count; i++)
        if (stage->delivery[i].peer == peer && !stage->delivery[i].settled &&
            (name == NULL || is_called(story, &stage->delivery[i], name)))
            return &stage->delivery[i];
    return NULL;
}

static bool settle_one(struct story *story, size_t peer, struct stage_delivery *delivery,
                       struct sch_command *settle)
{
    struct sch_command command = *settle;

    command.settle.mailbox = delivery->mailbox;
    command.settle.message = delivery->header.id;
    delivery->settled = true;
    if (!keep_answer(story, stage_ask(&story->stage, peer, &command, &story->answer)))
        return false;
    return story->answer.type == SCH_REPLY_SETTLED ||
           story_fail(story, "expected a settlement, got %s", story->answer.rejection.name);
}

static bool settle_all(struct story *story, const struct story_words *words, size_t first, size_t end,
                       size_t peer,
                       const char *who, struct sch_command *settle)
{
    struct stage_delivery *delivery;

    if (story_is(words, first, "EVERYTHING")) {
        while ((delivery = find(story, peer, NULL)) != NULL)
            if (!settle_one(story, peer, delivery, settle))
                return false;
        return true;
    }
    for (size_t i = first; i < end; i++) {
        delivery = find(story, peer, words->word[i]);
        if (delivery == NULL)
            return story_fail(story, "expected %s to be offered to %s, got nothing of that name",
                              words->word[i], who);
        if (!settle_one(story, peer, delivery, settle))
            return false;
    }
    return end > first || story_fail(story, "which message?");
}

static bool settles(struct story *story, const struct story_words *words, struct story_system *system,
                    enum sch_wire_verdict verdict)
{
    struct sch_command settle = { .type = SCH_COMMAND_SETTLE };
    size_t end = words->count;
    size_t peer;
    struct sch_reply reply;
    int64_t code = 0;
    bool good;

    settle.settle.verdict = verdict;
    if (verdict == SCH_VERDICT_REFUSED && !story_code(story, SCH_SET_SYSTEM_REFUSAL, words->word[--end],
                                                      &code))
        return false;
    settle.settle.refusal = (enum sch_system_refusal)code;
    if (end > 4 && story_is(words, end - 2, "MISSING")) {
        if (!story_sections(story, words->word[end - 1], &settle.settle.missing_sections))
            return false;
        end -= 2;
    }
    peer = story_enter(story, system);
    if (!system->connected)
        (void)stage_attach(&story->stage, peer, system->party->address, CREDIT, &reply);
    good = settle_all(story, words, 2, end, peer, system->name, &settle);
    story_leave(story, system, peer);
    return good;
}

/* "noordrand/angst HOLDS r1 r2" or "… HOLDS NOTHING": what was offered to its session and not settled. */
static bool holds(struct story *story, const struct story_words *words, struct story_system *system)
{
    bool nothing = story_is(words, 2, "NOTHING");
    size_t count = 0;

    if (!system->connected)
        return story_fail(story, "%s is not connected", system->name);
    (void)find(story, system->peer, NULL);
    for (size_t i = 0; i < story->stage.delivery_count; i++)
        count += story->stage.delivery[i].peer == system->peer && !story->stage.delivery[i].settled;
    for (size_t i = 2; !nothing && i < words->count; i++)
        if (find(story, system->peer, words->word[i]) == NULL)
            return story_fail(story, "expected %s to hold %s, got nothing of that name", system->name,
                              words->word[i]);
    if (count != (nothing ? 0 : words->count - 2))
        return story_fail(story, "expected %s to hold %zu messages, got %zu", system->name,
                          nothing ? 0 : words->count - 2, count);
    return true;
}

bool story_act(struct story *story, const struct story_words *words)
{
    struct story_system *system = story_system(story, words->word[0]);
    const char *verb = words->count > 1 ? words->word[1] : "";

    if (system == NULL)
        return false;
    if (strcmp(verb, "REFERS") == 0)
        return opens(story, words, system, SCH_KIND_REFERRAL, 3);
    if (strcmp(verb, "SENDS") == 0)
        return sends(story, words, system);
    if (strcmp(verb, "RESENDS") == 0)
        return resends(story, words, system);
    if (strcmp(verb, "COLLECTS") == 0)
        return settles(story, words, system, SCH_VERDICT_COLLECTED);
    if (strcmp(verb, "RETRIES") == 0)
        return settles(story, words, system, SCH_VERDICT_RETRY);
    if (strcmp(verb, "REFUSES") == 0)
        return settles(story, words, system, SCH_VERDICT_REFUSED);
    if (strcmp(verb, "CONNECTS") == 0)
        return connects(story, words, system);
    if (strcmp(verb, "LEAVES") == 0)
        return leaves(story, system);
    if (strcmp(verb, "HOLDS") == 0)
        return holds(story, words, system);
    if (strcmp(verb, "SEES") == 0 || strcmp(verb, "DOES") == 0)
        return story_sees(story, words);
    return story_fail(story, "what does %s do? \"%s\" means nothing", words->word[0], verb);
}
