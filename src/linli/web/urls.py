"""The desk, under /desk/. The daily pages first, then the board and the pages of administrators."""

from django.urls import URLPattern, URLResolver, path

from linli.web.views import (
    batches,
    board,
    case,
    cases,
    exports,
    inbox,
    intake,
    moves,
    photos,
    places,
    referral,
    saved,
    screening,
    shell,
    vetoes,
    work,
)
from linli.web.views.manage import (
    calendar,
    articles,
    categories,
    history,
    imports,
    index,
    organisations,
    people,
    reform,
    rules,
)
from linli.web.views.manage.mediation import committees as manage_committees
from linli.web.views.manage.mediation import forms as manage_forms
from linli.web.views.manage.mediation import lists as manage_lists
from linli.web.views.mediations import (
    acceptance,
    agenda,
    agreement,
    appointing,
    archive,
    endings,
    mine,
    opening,
    parties,
    performance,
    record,
    sessions,
    signing,
    talks,
)
from linli.web.views.mediations import board as mediation_board
from linli.web.views.mediations import intake as mediation_intake

app_name = "web"

daily_urls: list[URLPattern | URLResolver] = [
    path("", work.work, name="work"),
    path("batches", batches.batches, name="batches"),
    path("cases", cases.cases, name="cases"),
    path("cases/new", intake.new, name="new"),
    path("cases/new/likenesses", intake.likenesses, name="new-likenesses"),
    path("cases/<str:number>", case.case, name="case"),
    path("cases/<str:number>/area", places.area, name="area"),
    path("cases/<str:number>/likenesses", case.likenesses, name="likenesses"),
    path("cases/<str:number>/moves/<str:verb>", moves.move, name="move"),
    path("cases/<str:number>/photos/<uuid:photo_id>", photos.photo, name="photo"),
    path("cases/<str:number>/photos/<uuid:photo_id>/thumbnail", photos.thumbnail, name="thumbnail"),
    path("cases/<str:number>/receipt", intake.receipt, name="receipt"),
    path("cases/<str:number>/referral", referral.referral, name="referral"),
    path("exports", exports.exports, name="exports"),
    path("exports/progress", exports.progress, name="export-progress"),
    path("exports/<uuid:export_id>/file", exports.file, name="export-file"),
    path("exports/<uuid:export_id>/cancellation", exports.cancellation, name="export-cancellation"),
    path("exports/<uuid:export_id>/removal", exports.removal, name="export-removal"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/reading", inbox.reading, name="reading"),
    path("inbox/<uuid:message_id>", inbox.message, name="message"),
    path("places", places.places, name="places"),
    path("pulse", shell.pulse, name="pulse"),
    path("search", shell.search, name="search"),
    path("vetoes/new", vetoes.new, name="veto-new"),
    path("views", saved.views, name="views"),
    path("views/<uuid:view_id>/removal", saved.removal, name="view-removal"),
]

board_urls: list[URLPattern | URLResolver] = [
    path("board", board.board, name="board"),
    path("board/supervisions", board.supervisions, name="supervisions"),
]

manage_urls: list[URLPattern | URLResolver] = [
    path("manage", index.index, name="manage"),
    path("manage/changes", history.changes, name="manage_changes"),
    path("manage/categories", categories.categories, name="manage_categories"),
    path("manage/categories/<str:code>", categories.category, name="manage_category"),
    path("manage/categories/<str:code>/new", categories.new_category, name="manage_category_new"),
    path("manage/rules", rules.rules, name="manage_rules"),
    path("manage/rules/new", rules.new_rule, name="manage_rule_new"),
    path("manage/rules/<str:code>", rules.rule, name="manage_rule"),
    path("manage/rules/<str:code>/position", rules.position, name="manage_rule_position"),
    path("manage/articles", articles.articles, name="manage_articles"),
    path("manage/articles/new", articles.new_article, name="manage_article_new"),
    path("manage/articles/<uuid:article_id>", articles.article, name="manage_article"),
    path(
        "manage/articles/<uuid:article_id>/withdrawal", articles.withdrawal, name="manage_article_withdrawal"
    ),
    path("manage/rules/<str:code>/confirmation", rules.confirmation, name="manage_rule_confirmation"),
    path("manage/calendar", calendar.calendar, name="manage_calendar"),
    path("manage/calendar/<int:year>", calendar.year, name="manage_calendar_year"),
    path(
        "manage/calendar/<int:year>/confirmation", calendar.confirmation, name="manage_calendar_confirmation"
    ),
    path("manage/calendar/days", calendar.days, name="manage_days"),
    path("manage/calendar/days/<str:day>/removal", calendar.removal, name="manage_day_removal"),
    path("manage/calendar/notices", calendar.notices, name="manage_notices"),
    path("manage/calendar/recalculation", calendar.recalculations, name="manage_recalculation"),
    path("manage/mediation", manage_committees.committees, name="manage_mediation"),
    path("manage/mediation/committees/new", manage_committees.new, name="manage_committee_new"),
    path("manage/mediation/committees/<str:code>", manage_committees.committee, name="manage_committee"),
    path(
        "manage/mediation/committees/<str:code>/details",
        manage_committees.details,
        name="manage_committee_details",
    ),
    path(
        "manage/mediation/committees/<str:code>/members",
        manage_committees.members,
        name="manage_committee_members",
    ),
    path(
        "manage/mediation/committees/<str:code>/members/<uuid:member_id>",
        manage_committees.member,
        name="manage_committee_member",
    ),
    path(
        "manage/mediation/committees/<str:code>/members/<uuid:member_id>/end",
        manage_committees.end,
        name="manage_committee_member_end",
    ),
    path(
        "manage/mediation/committees/<str:code>/rooms", manage_committees.rooms, name="manage_committee_rooms"
    ),
    path(
        "manage/mediation/committees/<str:code>/rooms/<uuid:room_id>",
        manage_committees.room,
        name="manage_committee_room",
    ),
    path("manage/mediation/forms", manage_forms.templates, name="manage_mediation_forms"),
    path("manage/mediation/forms/<str:kind>", manage_forms.template, name="manage_mediation_form"),
    path("manage/mediation/forms/<str:kind>/file", manage_forms.file, name="manage_mediation_form_file"),
    path(
        "manage/mediation/forms/<str:kind>/removal",
        manage_forms.removal,
        name="manage_mediation_form_removal",
    ),
    path("manage/mediation/lists", manage_lists.lists, name="manage_mediation_lists"),
    path("manage/mediation/lists/<str:which>/new", manage_lists.new, name="manage_mediation_entry_new"),
    path("manage/mediation/lists/<str:which>/<str:code>", manage_lists.entry, name="manage_mediation_entry"),
    path(
        "manage/mediation/lists/<str:which>/<str:code>/position",
        manage_lists.position,
        name="manage_mediation_entry_position",
    ),
    path("manage/organisations", organisations.organisations, name="manage_organisations"),
    path("manage/organisations/<str:code>", organisations.unit, name="manage_unit"),
    path("manage/organisations/<str:code>/children", organisations.children, name="manage_unit_children"),
    path("manage/organisations/<str:code>/outline", organisations.outline, name="manage_unit_outline"),
    path("manage/organisations/<str:code>/changes/<str:what>", reform.change, name="manage_unit_change"),
    path("manage/imports", imports.imports, name="manage_imports"),
    path("manage/imports/units", imports.units, name="manage_import_units"),
    path("manage/imports/boundaries", imports.boundaries, name="manage_import_boundaries"),
    path("manage/people", people.persons, name="manage_people"),
    path("manage/people/new", people.new_person, name="manage_person_new"),
    path("manage/people/<uuid:person_id>", people.person, name="manage_person"),
    path("manage/people/<uuid:person_id>/details", people.details, name="manage_person_details"),
    path("manage/people/<uuid:person_id>/posts", people.posts, name="manage_person_posts"),
    path("manage/people/<uuid:person_id>/account", people.account, name="manage_person_account"),
    path("manage/people/<uuid:person_id>/password", people.password, name="manage_person_password"),
    path("manage/posts/<uuid:post_id>/end", people.end, name="manage_post_end"),
]

mediation_urls: list[URLPattern | URLResolver] = [
    path("mediations", mine.mediations, name="mediations"),
    path("mediations/board", mediation_board.board, name="mediation_board"),
    path("mediations/new", mediation_intake.new, name="mediation_new"),
    path("mediations/statistics", mediation_board.statistics, name="mediation_statistics"),
    path("mediations/<str:number>", opening.mediation, name="mediation"),
    path("mediations/<str:number>/purpose", opening.purpose, name="mediation_purpose"),
    path("mediations/<str:number>/receipt", mediation_intake.receipt, name="mediation_receipt"),
    path("mediations/<str:number>/acceptance", acceptance.accept, name="mediation_acceptance"),
    path("mediations/<str:number>/test", acceptance.test, name="mediation_test"),
    path("mediations/<str:number>/refusal", acceptance.decline, name="mediation_refusal"),
    path("mediations/<str:number>/notice", acceptance.notice, name="mediation_notice"),
    path("mediations/<str:number>/appointment", appointing.appointment, name="mediation_appointment"),
    path("mediations/<str:number>/beginning", appointing.beginning, name="mediation_beginning"),
    path("mediations/<str:number>/barriers", appointing.barrier, name="mediation_barrier"),
    path("mediations/<str:number>/readers", appointing.reader, name="mediation_readers"),
    path("mediations/<str:number>/parties", parties.new_party, name="mediation_parties"),
    path("mediations/<str:number>/parties/<int:party>", parties.party, name="mediation_party"),
    path("mediations/<str:number>/parties/<int:party>/identity", parties.identity, name="mediation_identity"),
    path("mediations/<str:number>/parties/<int:party>/code", parties.code, name="mediation_code"),
    path("mediations/<str:number>/parties/<int:party>/letter", parties.letter, name="mediation_letter"),
    path(
        "mediations/<str:number>/parties/<int:party>/answers/<str:matter>",
        parties.answers,
        name="mediation_answers",
    ),
    path("mediations/<str:number>/companions", parties.companions, name="mediation_companions"),
    path(
        "mediations/<str:number>/companions/<uuid:companion_id>/answers/<int:party>",
        parties.helper_answers,
        name="mediation_helper",
    ),
]

# What is done in a mediation: sessions, papers, signatures, performance.
mediation_work_urls: list[URLPattern | URLResolver] = [
    path("mediations/calendar", agenda.calendar, name="mediation_calendar"),
    path("mediations/calendar/removal", agenda.feed_removal, name="mediation_feed_removal"),
    path("mediations/<str:number>/sessions", sessions.plan, name="mediation_sessions"),
    path("mediations/<str:number>/sessions/rooms", sessions.rooms, name="mediation_rooms"),
    path(
        "mediations/<str:number>/sessions/<uuid:sitting_id>.ics",
        sessions.invitation,
        name="mediation_session_file",
    ),
    path(
        "mediations/<str:number>/sessions/<uuid:sitting_id>/cancellation",
        sessions.cancellation,
        name="mediation_session_cancellation",
    ),
    path(
        "mediations/<str:number>/sessions/<uuid:sitting_id>/replies",
        sessions.replies,
        name="mediation_session_replies",
    ),
    path(
        "mediations/<str:number>/sessions/<uuid:sitting_id>/holding",
        sessions.holding,
        name="mediation_session_holding",
    ),
    path("mediations/<str:number>/record", record.head, name="mediation_record"),
    path("mediations/<str:number>/record/points/<int:point>", record.point, name="mediation_point"),
    path("mediations/<str:number>/talks", talks.notes, name="mediation_talks"),
    path("mediations/<str:number>/terms", agreement.terms, name="mediation_terms"),
    path("mediations/<str:number>/terms/oral", agreement.oral, name="mediation_oral"),
    path("mediations/<str:number>/terms/drafting", agreement.drafting, name="mediation_drafting"),
    path("mediations/<str:number>/terms/redrafting", agreement.redrafting, name="mediation_redrafting"),
    path(
        "mediations/<str:number>/instalments/<uuid:instalment_id>",
        performance.instalment,
        name="mediation_instalment",
    ),
    path("mediations/<str:number>/completion", performance.completion, name="mediation_completion"),
    path("mediations/<str:number>/breach", performance.breach, name="mediation_breach"),
    path("mediations/<str:number>/follow-up", performance.follow_up, name="mediation_follow_up"),
    path("mediations/<str:number>/court", performance.court, name="mediation_court"),
    path("mediations/<str:number>/court/result", performance.result, name="mediation_court_result"),
    path("mediations/<str:number>/suspension", endings.suspension, name="mediation_suspension"),
    path("mediations/<str:number>/resumption", endings.resumption, name="mediation_resumption"),
    path("mediations/<str:number>/extension", endings.extension, name="mediation_extension"),
    path("mediations/<str:number>/failure", endings.failure, name="mediation_failure"),
    path("mediations/<str:number>/withdrawal", endings.withdrawal, name="mediation_withdrawal"),
    path("mediations/<str:number>/routes", endings.routes, name="mediation_routes"),
    path("mediations/<str:number>/routes/telling", endings.telling, name="mediation_telling"),
    path("mediations/<str:number>/papers/new/<str:kind>", archive.new_paper, name="mediation_paper_new"),
    path("mediations/<str:number>/papers/<uuid:paper_id>", archive.paper, name="mediation_paper"),
    path("mediations/<str:number>/papers/<uuid:paper_id>.pdf", archive.paper_pdf, name="mediation_paper_pdf"),
    path(
        "mediations/<str:number>/papers/<uuid:paper_id>.docx", archive.paper_docx, name="mediation_paper_docx"
    ),
    path("mediations/<str:number>/papers/<uuid:paper_id>/edition", archive.edition, name="mediation_edition"),
    path("mediations/<str:number>/papers/<uuid:paper_id>/signing", signing.signing, name="mediation_signing"),
    path("mediations/<str:number>/papers/<uuid:paper_id>/seal", signing.seal, name="mediation_seal"),
    path("mediations/<str:number>/photos/<uuid:photo_id>", archive.photo, name="mediation_photo"),
    path(
        "mediations/<str:number>/photos/<uuid:photo_id>/thumbnail",
        archive.thumbnail,
        name="mediation_thumbnail",
    ),
    path("mediations/<str:number>/file.pdf", archive.file_pdf, name="mediation_file_pdf"),
    path("mediations/<str:number>/file.docx", archive.file_docx, name="mediation_file_docx"),
    path("mediations/<str:number>/archiving", archive.archiving, name="mediation_archiving"),
    path("screening", screening.rounds, name="screening"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *daily_urls,
    *board_urls,
    *mediation_work_urls,
    *mediation_urls,
    *manage_urls,
]
