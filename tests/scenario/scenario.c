/*
 * scenario.c: tells stories to the real turn, and says which came out otherwise.
 *
 *   scenario [--update] FILE.scn…
 *
 * A line per story, then "N passed, N failed". README.md gives the grammar. With --update the traces that a
 * story expects are replaced by those that the broker answers: to be read, line by line, before they are
 * kept.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/log.h"
#include "story.h"

#define PING_MS 50000

bool story_fail(struct story *story, const char *format, ...)
{
    va_list arguments;
    int size;

    if (story->failure[0] != '\0')
        return false;
    size = snprintf(story->failure, sizeof story->failure, "%s:%zu: ", story->path, story->at + 1);
    va_start(arguments, format);
    vsnprintf(story->failure + size, sizeof story->failure - (size_t)size, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- time and the broker ------------------------------------------------------------------------ */

/* Those who stay connected say so, as the protocol asks. */
static void ping(struct story *story)
{
    for (size_t i = 0; i < story->system_count; i++) {
        struct sch_command command = { .type = SCH_COMMAND_PING };
        struct story_system *system = &story->system[i];

        if (!system->connected)
            continue;
        memset(command.ping.instance.bytes, 0x5c, sizeof command.ping.instance.bytes);
        (void)stage_say(&story->stage, system->peer, &command);
        stage_run(&story->stage);
        stage_drain(&story->stage, system->peer);
    }
}

static bool somebody_is_connected(const struct story *story)
{
    for (size_t i = 0; i < story->system_count; i++)
        if (story->system[i].connected)
            return true;
    return false;
}

static bool pass_until(struct story *story, int64_t until_ms)
{
    if (until_ms < stage_now_ms(&story->stage))
        return story_fail(story, "time does not run backwards");
    while (stage_now_ms(&story->stage) < until_ms) {
        int64_t left_ms = until_ms - stage_now_ms(&story->stage);

        stage_pass(&story->stage, somebody_is_connected(story) && left_ms > PING_MS ? PING_MS : left_ms);
        ping(story);
    }
    return story->stage.turn_code == SCH_OK || story_fail(story,
                                                          "expected the broker to go on, got an error");
}

static bool tell_at(struct story *story, const struct story_words *words, const struct sch_book *book)
{
    size_t at = 1;
    int64_t ms;

    if (!story_moment(story, words, &at, &ms))
        return false;
    if (story->open)
        return pass_until(story, ms);
    stage_open(&story->stage, book, ms);
    return story->open = true;
}

static bool tell_time(struct story *story, const struct story_words *words)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "SECOND", 1000 }, { "MINUTE", 60000 }, { "HOUR", 3600000 }, { "DAY", 86400000 } };
    size_t at = 3;
    int64_t ms;
    long count;

    if (story_is(words, 2, "UNTIL"))
        return story_moment(story, words, &at, &ms) && pass_until(story, ms);
    count = words->count > 3 ? strtol(words->word[2], NULL, 10) : 0;
    for (size_t i = 0; count > 0 && i < sizeof units / sizeof units[0]; i++)
        if (strncmp(words->word[3], units[i].unit, strlen(units[i].unit)) == 0)
            return pass_until(story, stage_now_ms(&story->stage) + count * units[i].ms);
    return story_fail(story, "how much time passes?");
}

static bool tell_broker(struct story *story, const struct story_words *words)
{
    bool stops = story_is(words, 1, "STOPS") || story_is(words, 1, "RESTARTS");
    bool starts = story_is(words, 1, "STARTS") || story_is(words, 1, "RESTARTS");

    if ((!stops && !starts) || (stops && story->stage.turn == NULL))
        return story_fail(story, "what does the broker do?");
    if (stops) {
        stage_stop(&story->stage);
        for (size_t i = 0; i < story->system_count; i++)
            story->system[i].connected = false;
    }
    if (starts)
        stage_start(&story->stage);
    return story->stage.turn_code == SCH_OK || story_fail(story,
                                                          "expected the broker to start, got an error");
}

/* ---- a story ------------------------------------------------------------------------------------ */

static bool answer_was_expected(struct story *story)
{
    size_t at = story->at;

    if (!story->answered || story->answer_seen || story->answer.type != SCH_REPLY_REJECTION)
        return true;
    story->at = story->answer_line;
    (void)story_fail(story, "expected a receipt, got %s %s",
                     sch_error_name((enum sch_error_code)story->answer.rejection.code), story->field);
    story->at = at;
    return false;
}

static bool tell(struct story *story, const struct story_words *words, const struct sch_book *book)
{
    if (story_is(words, 0, "AT"))
        return tell_at(story, words, book);
    if (!story->open)
        return story_fail(story, "a story begins AT a moment");
    if (story_is(words, 0, "TIME"))
        return tell_time(story, words);
    if (story_is(words, 0, "BROKER"))
        return tell_broker(story, words);
    if (story_is(words, 0, "EXPECT"))
        return story_expect(story, words);
    return story_act(story, words);
}

/* Tells one line; blank lines and those that begin with "#" are for people, "STORY …" is the title. */
static bool tell_line(struct story *story, const struct sch_book *book)
{
    char copy[1024];
    struct story_words words = { .count = 0 };

    snprintf(copy, sizeof copy, "%s", story->line[story->at]);
    if (strncmp(copy, "STORY ", 6) == 0) {
        snprintf(story->title, sizeof story->title, "%.*s", STORY_TEXT_MAX - 1, copy + 6);
        return true;
    }
    for (char *word = strtok(copy, " \t"); word != NULL && word[0] != '#'; word = strtok(NULL, " \t")) {
        if (words.count == STORY_WORDS_MAX)
            return story_fail(story, "too many words");
        words.word[words.count++] = word;
    }
    if (words.count == 0)
        return true;
    if (!(story_is(&words, 0, "EXPECT") && story_is(&words, 1, "REJECTED")) && !answer_was_expected(story))
        return false;
    return tell(story, &words, book);
}

static bool read_lines(struct story *story)
{
    FILE *in = fopen(story->path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    if (in == NULL)
        return story_fail(story, "cannot be read");
    while ((size = getline(&line, &room, in)) > 0 && story->line_count < STORY_LINES_MAX / 2) {
        if (line[size - 1] == '\n')
            line[--size] = '\0';
        story->line[story->line_count++] = strdup(line);
    }
    free(line);
    fclose(in);
    return true;
}

static void write_lines(const struct story *story)
{
    FILE *out = fopen(story->path, "w");

    assert(out != NULL);
    for (size_t i = 0; i < story->line_count; i++)
        fprintf(out, "%s\n", story->line[i]);
    fclose(out);
}

static bool run(const char *path, const struct sch_book *book, bool update)
{
    static struct story story;
    bool good;

    memset(&story, 0, sizeof story);
    story.path = path;
    story.update = update;
    good = read_lines(&story);
    for (story.at = 0; good && story.at < story.line_count; story.at++)
        good = tell_line(&story, book);
    good = good && answer_was_expected(&story) && (story.open || story_fail(&story, "nothing is told"));
    if (story.open)
        stage_close(&story.stage);
    if (good)
        printf("ok    %s: %s\n", path, story.title);
    else
        printf("FAIL  %s\n", story.failure);
    if (story.updated)
        write_lines(&story);
    for (size_t i = 0; i < story.line_count; i++)
        free(story.line[i]);
    return good;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    struct sch_book *book;
    int passed = 0, failed = 0;

    if (argc < 2 + update) {
        fprintf(stderr, "usage: scenario [--update] FILE.scn…\n");
        return 2;
    }
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    book = sch_region_sim_book();
    for (int i = 1 + update; i < argc; i++) {
        if (run(argv[i], book, update))
            passed++;
        else
            failed++;
    }
    sch_region_sim_book_free(book);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
