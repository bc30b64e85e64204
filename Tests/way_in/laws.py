"""What is true of any diffs: two steps do together what one does, and what means the same is the same."""

from addresses import holds, pieces, written
from generate import clashes, holding, in_other_words, yaml
from ocean import spans_of
from way import services


class Laws:
    """The laws for one pair. `pair` compares and counts."""

    def __init__(self, pair):
        self.pair = pair

    # Three plans

    def composed(self, old_name, new_name, old, new, first):
        """diff(old, new) and diff(new, third) make diff(old, third).

        Proxies aside: of those, a diff says what happens if another proxy names them.
        """
        third = self.third(new)
        if third is None:
            return
        self.pair.ocean.write("third.yaml", third, yaml(third)[0])
        second, whole = (self.pair.ocean.json("diff", name, "third.yaml")[1] for name in (new_name, old_name))
        if not second or not whole:
            self.pair.found.append("three plans: no answer")
            return
        self.pair.tally["three plans: pairs"] += 1
        sides = [services(config) for config in (old, new, third)]
        for part in ("access", "access_without_tls"):
            for name in set.intersection(*map(set, sides)):
                (gained, lost), (then_gained, then_lost), (all_gained, all_lost) = (
                    self.sets(answer, part, name) for answer in (first, second, whole))
                proxies = [side[name].proxies for side in sides]
                for family, low, high in pieces([gained, lost, then_gained, then_lost, all_gained, all_lost] + proxies):
                    addr = family, low
                    if any(holds(spans, addr) for spans in proxies):
                        continue
                    one, two, both = (holds(a, addr) - holds(b, addr) for a, b in (
                        (gained, lost), (then_gained, then_lost), (all_gained, all_lost)))
                    if one + two != both:
                        self.pair.same(f"three plans: {part} of {name} {written([(family, low, high)])}", one + two, both)
                self.pair.tally["three plans"] += 1

    def third(self, new):
        """A plan that differs from the new one in a few things, and that ocean has nothing against."""
        for _ in range(20):
            third = self.pair.generator.changed(new, "third")
            if clashes(third):
                continue
            third = holding(third)
            self.pair.ocean.write("third.yaml", third, yaml(third)[0])
            if not self.pair.ocean.check("third.yaml")[1]:
                return third
        return None

    @staticmethod
    def sets(answer, part, name):
        item = next((i for i in answer[part] if i["service"] == name and "listener" not in i), None)
        return tuple(spans_of(item[key]) if item else [] for key in ("newly_allowed", "newly_refused"))

    # One meaning

    def same_meaning(self, name, config):
        """What means the same has no effect and one digest, however it is written."""
        spoken = in_other_words(config, self.pair.chance)
        self.pair.ocean.write("spoken.yaml", spoken, yaml(spoken)[0])
        code, answer, err = self.pair.ocean.json("diff", name, "spoken.yaml")
        told = answer and (answer["changes"], answer["effects"], answer["classes"], answer["from"] == answer["to"])
        self.pair.same(f"other words: {err}", (0, ([], [], [], True)), (code, told))
        code, out, err = self.pair.ocean.run("diff", name, self.pair.chance.choice([name, "spoken.yaml"]))
        self.pair.same(f"other words: text {out} {err}", (0, True), (code, "no effect" in out))
