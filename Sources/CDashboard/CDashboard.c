// SPDX-License-Identifier: Apache-2.0
// Takes the files of the dashboard in; a change of one compiles this file anew.
#include "CDashboard.h"

static const uint8_t acts_js[] = {
#embed "assets/acts.js"
};

static const uint8_t api_js[] = {
#embed "assets/api.js"
};

static const uint8_t app_js[] = {
#embed "assets/app.js"
};

static const uint8_t attempts_js[] = {
#embed "assets/attempts.js"
};

static const uint8_t base_css[] = {
#embed "assets/base.css"
};

static const uint8_t charts_js[] = {
#embed "assets/charts.js"
};

static const uint8_t dom_js[] = {
#embed "assets/dom.js"
};

static const uint8_t groups_js[] = {
#embed "assets/groups.js"
};

static const uint8_t history_js[] = {
#embed "assets/history.js"
};

static const uint8_t icon_svg[] = {
#embed "assets/icon.svg"
};

static const uint8_t index_html[] = {
#embed "assets/index.html"
};

static const uint8_t keys_js[] = {
#embed "assets/keys.js"
};

static const uint8_t letter_js[] = {
#embed "assets/letter.js"
};

static const uint8_t letters_js[] = {
#embed "assets/letters.js"
};

static const uint8_t live_js[] = {
#embed "assets/live.js"
};

static const uint8_t output_js[] = {
#embed "assets/output.js"
};

static const uint8_t overview_js[] = {
#embed "assets/overview.js"
};

static const uint8_t parts_css[] = {
#embed "assets/parts.css"
};

static const uint8_t parts_js[] = {
#embed "assets/parts.js"
};

static const uint8_t problems_js[] = {
#embed "assets/problems.js"
};

static const uint8_t routes_js[] = {
#embed "assets/routes.js"
};

static const uint8_t settings_js[] = {
#embed "assets/settings.js"
};

static const uint8_t shell_css[] = {
#embed "assets/shell.css"
};

static const uint8_t shell_js[] = {
#embed "assets/shell.js"
};

static const uint8_t signin_js[] = {
#embed "assets/signin.js"
};

static const uint8_t submit_js[] = {
#embed "assets/submit.js"
};

static const uint8_t task_js[] = {
#embed "assets/task.js"
};

static const uint8_t tasks_js[] = {
#embed "assets/tasks.js"
};

static const uint8_t text_js[] = {
#embed "assets/text.js"
};

static const uint8_t theme_js[] = {
#embed "assets/theme.js"
};

static const uint8_t views_css[] = {
#embed "assets/views.css"
};

static const uint8_t workers_js[] = {
#embed "assets/workers.js"
};

#define ASSET(name, bytes) {name, bytes, sizeof bytes}

static const struct cd_asset assets[] = {
    ASSET("acts.js", acts_js),
    ASSET("api.js", api_js),
    ASSET("app.js", app_js),
    ASSET("attempts.js", attempts_js),
    ASSET("base.css", base_css),
    ASSET("charts.js", charts_js),
    ASSET("dom.js", dom_js),
    ASSET("groups.js", groups_js),
    ASSET("history.js", history_js),
    ASSET("icon.svg", icon_svg),
    ASSET("index.html", index_html),
    ASSET("keys.js", keys_js),
    ASSET("letter.js", letter_js),
    ASSET("letters.js", letters_js),
    ASSET("live.js", live_js),
    ASSET("output.js", output_js),
    ASSET("overview.js", overview_js),
    ASSET("parts.css", parts_css),
    ASSET("parts.js", parts_js),
    ASSET("problems.js", problems_js),
    ASSET("routes.js", routes_js),
    ASSET("settings.js", settings_js),
    ASSET("shell.css", shell_css),
    ASSET("shell.js", shell_js),
    ASSET("signin.js", signin_js),
    ASSET("submit.js", submit_js),
    ASSET("task.js", task_js),
    ASSET("tasks.js", tasks_js),
    ASSET("text.js", text_js),
    ASSET("theme.js", theme_js),
    ASSET("views.css", views_css),
    ASSET("workers.js", workers_js),
};

const struct cd_asset *cd_asset_at(size_t index) {
    return index < sizeof assets / sizeof assets[0] ? &assets[index] : NULL;
}
