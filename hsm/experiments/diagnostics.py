"""placeholder"""


def write(model, evaluator, stem, *, config):
    pass
