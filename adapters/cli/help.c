/* help.c: the table of commands as help, and as the source of the manual page. */
#include <stdio.h>
#include <string.h>

#include "output.h"

static const char exit_text[] =
    "0 done, 1 failed, 2 usage, 3 broker unreachable, 4 refused, 5 not found, "
    "6 invalid message or configuration, 7 timed out, 8 partly done; check: 0 good, "
    "1 warning, 2 critical, 3 unknown";

static void command_name(const struct sch_cli_command *command, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s%s%s", command->noun, command->verb[0] ? " " : "", command->verb,
             command->operands[0] ? " " : "", command->operands);
}

/* ---- for terminals ------------------------------------------------------------------------------ */

static bool add_options(struct sch_table *table, const struct sch_cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        char name[64];
        snprintf(name, sizeof name, "  --%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        const char *row[] = { name, options->help };
        if (!sch_table_add(table, row))
            return false;
    }
    return true;
}

static void print_options(const char *title, const struct sch_cli_option *options)
{
    struct sch_table table = { .columns = 2 };
    if (options == NULL)
        return;
    printf("%s\n", title);
    (void)add_options(&table, options);
    sch_table_print(&table, false, stdout);
    sch_table_free(&table);
}

static void print_indented(const char *lines)
{
    for (const char *at = lines; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        printf("  %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

/* Words of a paragraph, in lines of at most 78 characters. */
static void print_wrapped(const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column > 0 && column + 1 + size > 78) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column > 0 ? " " : "", (int)size, text);
        text += size + (text[size] == ' ');
    }
    putchar('\n');
}

static void print_command(const struct sch_cli_command *command)
{
    char name[96];
    command_name(command, name, sizeof name);
    printf("%s\n\nexamples\n", command->summary);
    print_indented(command->examples);
    printf("\nusage\n  scharnier %s%s\n", name, command->options != NULL ? " [options]" : "");
    if (command->details != NULL) {
        putchar('\n');
        print_wrapped(command->details);
    }
    putchar('\n');
    if (command->options != NULL) {
        print_options("options", command->options);
        putchar('\n');
    }
    print_options("options of every command", sch_cli_globals);
}

/* All commands, or those of one noun. */
static void print_commands(const char *noun)
{
    struct sch_table table = { .columns = 2 };
    for (const struct sch_cli_command *at = sch_cli_commands; at->noun != NULL; at++) {
        char name[96];
        char indented[100];
        if (noun != NULL && strcmp(noun, at->noun) != 0)
            continue;
        command_name(at, name, sizeof name);
        snprintf(indented, sizeof indented, "  %s", name);
        const char *row[] = { indented, at->summary };
        if (!sch_table_add(&table, row))
            break;
    }
    sch_table_print(&table, false, stdout);
    sch_table_free(&table);
}

int sch_cli_help(const struct sch_cli *cli)
{
    if (cli->command != NULL) {
        print_command(cli->command);
        return 0;
    }
    if (cli->noun == NULL)
        printf("scharnier: referrals and their terugkoppeling\n\n"
               "first steps\n  scharnier dev --fast-clock 1d=1s\n\n");
    printf("commands\n");
    print_commands(cli->noun);
    putchar('\n');
    if (cli->noun == NULL) {
        print_options("options of every command", sch_cli_globals);
        printf("\nexit codes\n");
        print_wrapped(exit_text);
        putchar('\n');
    }
    printf("scharnier %s --help says more.\n", cli->noun != NULL ? cli->noun : "COMMAND");
    return 0;
}

/* ---- the manual page ---------------------------------------------------------------------------- */

/* Text for roff: a dash must stay a dash, a backslash one, and no line begins with a dot or an apostrophe. */
static void roff(const char *text)
{
    bool begins = true;
    for (; *text != '\0'; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
        begins = *text == '\n';
    }
}

static void roff_options(const struct sch_cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        fputs(".TP\n.B \\-\\-", stdout);
        roff(options->name);
        if (options->value != NULL) {
            fputs(" \\fI", stdout);
            roff(options->value);
            fputs("\\fR", stdout);
        }
        putchar('\n');
        roff(options->help);
        putchar('\n');
    }
}

static void roff_command(const struct sch_cli_command *command)
{
    char name[96];
    command_name(command, name, sizeof name);
    fputs(".SS scharnier ", stdout);
    roff(name);
    putchar('\n');
    roff(command->summary);
    fputs(".\n", stdout);
    if (command->details != NULL) {
        fputs(".PP\n", stdout);
        roff(command->details);
        putchar('\n');
    }
    roff_options(command->options);
    fputs(".PP\n.EX\n", stdout);
    roff(command->examples);
    fputs(".EE\n", stdout);
}

static void print_manual(void)
{
    fputs(".\\\" Made by scharnier help --man; change adapters/cli/table.c instead.\n"
          ".TH SCHARNIER 1 \"\" \"Scharnier " SCH_VERSION "\" \"Scharnier\"\n"
          ".SH NAME\nscharnier \\- send and answer referrals, and find what was never answered\n"
          ".SH SYNOPSIS\n.B scharnier\n\\fINOUN\\fR [\\fIVERB\\fR] [\\fIoptions\\fR]\n"
          ".SH DESCRIPTION\n"
          "Scharnier carries referrals and their terugkoppeling between general practices and mental\n"
          "health care, and keeps a ledger of what is still owed. This program is a client of its broker,\n"
          ".BR scharnierd (8).\n.SH COMMANDS\n",
          stdout);
    for (const struct sch_cli_command *at = sch_cli_commands; at->noun != NULL; at++)
        roff_command(at);
    fputs(".SH OPTIONS OF EVERY COMMAND\n", stdout);
    roff_options(sch_cli_globals);
    fputs(".SH EXIT STATUS\n", stdout);
    roff(exit_text);
    fputs(".\n.SH FILES\n"
          ".TP\n.I /etc/scharnier/client.conf\nThe configuration of a client, unless another is named.\n"
          ".TP\n.I /etc/scharnier/norms/nl.ini\nThe norms that\n.B norm\nreads, unless a file is named.\n"
          ".SH ENVIRONMENT\n"
          ".TP\n.B SCHARNIER_CONFIG\nThe configuration, unless\n.B \\-\\-config\nnames another.\n"
          ".SH SEE ALSO\n.BR scharnierd (8),\n.BR scharnier\\-hl7v2 (8)\n",
          stdout);
}

int sch_cli_run_help(struct sch_cli *cli)
{
    if (sch_cli_is(cli, "man")) {
        print_manual();
        return 0;
    }
    struct sch_cli about = { .noun = NULL };
    const char *noun = cli->operand_count > 0 ? cli->operand[0] : NULL;
    for (const struct sch_cli_command *at = sch_cli_commands; noun != NULL && at->noun != NULL; at++)
        if (strcmp(at->noun, noun) == 0) {
            about.noun = noun;
            about.command = at->verb[0] == '\0' ? at : NULL;
        }
    if (noun != NULL && about.noun == NULL) {
        sch_error error = SCH_ERROR_INIT;
        (void)sch_fail(&error, SCH_E_USAGE, "there is no command \"%s\"", noun);
        return sch_cli_fail(cli, &error);
    }
    return sch_cli_help(&about);
}

int sch_cli_run_version(struct sch_cli *cli)
{
    json_t *object = json_pack("{s:s,s:i,s:i}", "version", SCH_VERSION, "wire_min", SCH_WIRE_MIN, "wire_max",
                               SCH_WIRE_MAX);
    if (cli->json)
        return sch_json_print("version", object) ? 0 : 1;
    json_decref(object);
    printf("scharnier %s, wire %d to %d\n", SCH_VERSION, SCH_WIRE_MIN, SCH_WIRE_MAX);
    return 0;
}
