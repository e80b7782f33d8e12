from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.field"
    label = "field"

    def ready(self) -> None:
        from linli.cases.actions.sweep import CHORES
        from linli.field.actions import assisting, parcels
        from linli.notify.actions import notices

        CHORES["parcels"] = parcels.sweep
        notices.more_texts[assisting.RECEIPT] = assisting.receipt_text
