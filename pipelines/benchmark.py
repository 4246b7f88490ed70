import dagster as dg
from grandrounds.recipe import Recipe
class Benchmark(dg.Component):
    """One recipe."""
    def __init__(self, recipe): self.recipe = recipe
    @classmethod
    def get_model_cls(cls): return Recipe
    @classmethod
    def load(cls, attributes, context): return cls(attributes)
    def build_defs(self, context):
        r=self.recipe
        @dg.asset(key=[r.name,"sources"])
        def sources(): return None
        return dg.Definitions(assets=[sources])
