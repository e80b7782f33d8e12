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

manage_urls: list[URLPattern | URLResolver] = []

urlpatterns: list[URLPattern | URLResolver] = [*daily_urls, *board_urls, *manage_urls]
