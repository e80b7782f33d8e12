from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.cases"
    label = "cases"

    def ready(self) -> None:
        from linli.cases.actions import places, rehashing
        from linli.ledger import actions as ledger
        from linli.orgs import actions as orgs

        ledger.register(ledger.EVENT, rehashing.rows)
        if places.follow_move not in orgs.path_moved_hooks:
            orgs.path_moved_hooks.append(places.follow_move)
        if places.follow_merger not in orgs.unit_merged_hooks:
            orgs.unit_merged_hooks.append(places.follow_merger)
