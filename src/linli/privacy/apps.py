from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.privacy"
    label = "privacy"

    def ready(self) -> None:
        from linli.cases.actions.sweep import CHORES
        from linli.ledger import actions as ledger
        from linli.privacy.actions import claims, erasing, glass, keepers, locks, reads, retention

        CHORES["late claims"] = claims.report_late
        CHORES["retention"] = retention.sweep

        ledger.register(reads.READ, reads.rehashed)
        ledger.register(reads.TAKEOUT, reads.rehashed_takeouts)
        ledger.register(glass.KIND, glass.rehashed)
        ledger.register(claims.KIND, claims.rehashed)
        ledger.register(claims.ANSWER, claims.rehashed_answers)
        ledger.register(erasing.KIND, erasing.rehashed)
        for kind in (*locks.BEGINS, *locks.ENDS):
            ledger.register(kind, locks.rehashed(kind))
        if claims.forget not in keepers.also:
            keepers.also.append(claims.forget)
            keepers.also_of_person.append(claims.forget_own)
