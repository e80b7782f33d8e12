"""Pages of people's mediation: the case and what is done in it, the mediator's desk, the centre's board."""
