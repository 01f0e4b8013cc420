#include "CPages.h"

static const unsigned char account_mustache[] = {
#embed "assets/account.mustache"
};
static const unsigned char admin_mustache[] = {
#embed "assets/admin.mustache"
};
static const unsigned char agreement_mustache[] = {
#embed "assets/agreement.mustache"
};
static const unsigned char bodies_mustache[] = {
#embed "assets/bodies.mustache"
};
static const unsigned char checks_js[] = {
#embed "assets/checks.js"
};
static const unsigned char checks_mustache[] = {
#embed "assets/checks.mustache"
};
static const unsigned char confirm_mustache[] = {
#embed "assets/confirm.mustache"
};
static const unsigned char details_mustache[] = {
#embed "assets/details.mustache"
};
static const unsigned char doctor_lines_mustache[] = {
#embed "assets/doctor-lines.mustache"
};
static const unsigned char doctor_mustache[] = {
#embed "assets/doctor.mustache"
};
static const unsigned char en_json[] = {
#embed "assets/en.json"
};
static const unsigned char error_mustache[] = {
#embed "assets/error.mustache"
};
static const unsigned char events_mustache[] = {
#embed "assets/events.mustache"
};
static const unsigned char export_mustache[] = {
#embed "assets/export.mustache"
};
static const unsigned char file_mustache[] = {
#embed "assets/file.mustache"
};
static const unsigned char folder_js[] = {
#embed "assets/folder.js"
};
static const unsigned char hash_worker_js[] = {
#embed "assets/hash-worker.js"
};
static const unsigned char icon_svg[] = {
#embed "assets/icon.svg"
};
static const unsigned char layout_mustache[] = {
#embed "assets/layout.mustache"
};
static const unsigned char login_mustache[] = {
#embed "assets/login.mustache"
};
static const unsigned char message_mustache[] = {
#embed "assets/message.mustache"
};
static const unsigned char metadata_mustache[] = {
#embed "assets/metadata.mustache"
};
static const unsigned char page_css[] = {
#embed "assets/page.css"
};
static const unsigned char person_mustache[] = {
#embed "assets/person.mustache"
};
static const unsigned char quarantine_mustache[] = {
#embed "assets/quarantine.mustache"
};
static const unsigned char repair_mustache[] = {
#embed "assets/repair.mustache"
};
static const unsigned char replace_js[] = {
#embed "assets/replace.js"
};
static const unsigned char results_mustache[] = {
#embed "assets/results.mustache"
};
static const unsigned char review_case_mustache[] = {
#embed "assets/review-case.mustache"
};
static const unsigned char review_mustache[] = {
#embed "assets/review.mustache"
};
static const unsigned char reviews_mustache[] = {
#embed "assets/reviews.mustache"
};
static const unsigned char sender_js[] = {
#embed "assets/sender.js"
};
static const unsigned char series_mustache[] = {
#embed "assets/series.mustache"
};
static const unsigned char setup_mustache[] = {
#embed "assets/setup.mustache"
};
static const unsigned char sha256_js[] = {
#embed "assets/sha256.js"
};
static const unsigned char sha256_wasm[] = {
#embed "assets/sha256.wasm"
};
static const unsigned char size_js[] = {
#embed "assets/size.js"
};
static const unsigned char transfers_mustache[] = {
#embed "assets/transfers.mustache"
};
static const unsigned char upload_js[] = {
#embed "assets/upload.js"
};
static const unsigned char upload_mustache[] = {
#embed "assets/upload.mustache"
};
static const unsigned char users_mustache[] = {
#embed "assets/users.mustache"
};
static const unsigned char work_mustache[] = {
#embed "assets/work.mustache"
};

static const tdr_page_file files[] = {
    {"account.mustache", account_mustache, sizeof account_mustache},
    {"admin.mustache", admin_mustache, sizeof admin_mustache},
    {"agreement.mustache", agreement_mustache, sizeof agreement_mustache},
    {"bodies.mustache", bodies_mustache, sizeof bodies_mustache},
    {"checks.js", checks_js, sizeof checks_js},
    {"checks.mustache", checks_mustache, sizeof checks_mustache},
    {"confirm.mustache", confirm_mustache, sizeof confirm_mustache},
    {"details.mustache", details_mustache, sizeof details_mustache},
    {"doctor-lines.mustache", doctor_lines_mustache, sizeof doctor_lines_mustache},
    {"doctor.mustache", doctor_mustache, sizeof doctor_mustache},
    {"en.json", en_json, sizeof en_json},
    {"error.mustache", error_mustache, sizeof error_mustache},
    {"events.mustache", events_mustache, sizeof events_mustache},
    {"export.mustache", export_mustache, sizeof export_mustache},
    {"file.mustache", file_mustache, sizeof file_mustache},
    {"folder.js", folder_js, sizeof folder_js},
    {"hash-worker.js", hash_worker_js, sizeof hash_worker_js},
    {"icon.svg", icon_svg, sizeof icon_svg},
    {"layout.mustache", layout_mustache, sizeof layout_mustache},
    {"login.mustache", login_mustache, sizeof login_mustache},
    {"message.mustache", message_mustache, sizeof message_mustache},
    {"metadata.mustache", metadata_mustache, sizeof metadata_mustache},
    {"page.css", page_css, sizeof page_css},
    {"person.mustache", person_mustache, sizeof person_mustache},
    {"quarantine.mustache", quarantine_mustache, sizeof quarantine_mustache},
    {"repair.mustache", repair_mustache, sizeof repair_mustache},
    {"replace.js", replace_js, sizeof replace_js},
    {"results.mustache", results_mustache, sizeof results_mustache},
    {"review-case.mustache", review_case_mustache, sizeof review_case_mustache},
    {"review.mustache", review_mustache, sizeof review_mustache},
    {"reviews.mustache", reviews_mustache, sizeof reviews_mustache},
    {"sender.js", sender_js, sizeof sender_js},
    {"series.mustache", series_mustache, sizeof series_mustache},
    {"setup.mustache", setup_mustache, sizeof setup_mustache},
    {"sha256.js", sha256_js, sizeof sha256_js},
    {"sha256.wasm", sha256_wasm, sizeof sha256_wasm},
    {"size.js", size_js, sizeof size_js},
    {"transfers.mustache", transfers_mustache, sizeof transfers_mustache},
    {"upload.js", upload_js, sizeof upload_js},
    {"upload.mustache", upload_mustache, sizeof upload_mustache},
    {"users.mustache", users_mustache, sizeof users_mustache},
    {"work.mustache", work_mustache, sizeof work_mustache},
};

const tdr_page_file *tdr_page_files(void) { return files; }

size_t tdr_page_files_count(void) { return sizeof files / sizeof files[0]; }
