"""The desk, under /desk/. The daily pages first, then the board and the pages of administrators."""

from django.urls import URLPattern, URLResolver, path

from linli.web.views import (
    batches,
    board,
    case,
    cases,
    inbox,
    intake,
    moves,
    photos,
    places,
    saved,
    shell,
    work,
)
from linli.web.views.manage import (
    calendar,
    categories,
    history,
    imports,
    index,
    organisations,
    people,
    reform,
    rules,
)

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
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/reading", inbox.reading, name="reading"),
    path("inbox/<uuid:message_id>", inbox.message, name="message"),
    path("places", places.places, name="places"),
    path("pulse", shell.pulse, name="pulse"),
    path("search", shell.search, name="search"),
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

urlpatterns: list[URLPattern | URLResolver] = [*daily_urls, *board_urls, *manage_urls]
