"""Each way of reading `os.environ`, and of asking Modal for secrets and buckets."""

from __future__ import annotations

import pytest

from deploybook.checks.app import modal
from deploybook.checks.app.python import PythonFile

WAYS = {
    "import os; os.environ['A']; os.environ.get('B'); os.getenv('C'); 'D' in os.environ": "A B C D",
    "import os as o; o.environ['A']; o.getenv('B')": "A B",
    "from os import environ, getenv as g; environ['A']; environ.get('B'); g('C')": "A B C",
    "import os; env = os.environ; env['A']": "A",
    "import os; os.environ.get('A', 'x'); os.getenv('B', default='y'); os.environ.get('C') or 'z'": "A='x' B='y' C='z'",
    "import os; os.environ.get('A', ''); os.getenv('B', None); os.environ.get('C') or fail()": "A B C",
    "import os; LIMIT = '5'; os.getenv('A', LIMIT)": "A=LIMIT",
    "import os; os.environ['A'] = 'x'; del os.environ['B']": "",
    "import os\nNAME = 'A_B'\nos.environ[NAME]": "A_B",
    "import os\ndef need(name): return os.environ[name]\nneed('A'); need('B') or 'x'": "A B='x'",
    "import os\ndef get(name, otherwise=None): return os.environ.get(name, otherwise)\nget('A'); get('B', 'x')": "A B='x'",
    "import os\nfor name in ['A_A', 'B_B']: os.environ[name]": "A_A B_B",
    "class S(BaseSettings):\n  model_config = SettingsConfigDict(env_prefix='R2_')\n  key: str\n  name: str = 'x'": "R2_KEY R2_NAME='x'",
    "class S(BaseSettings):\n  key: str = Field(validation_alias='A_KEY', default='x')": "A_KEY='x'",
    "# os.environ['A']\ntext = 'os.environ[B]'": "",
}


@pytest.mark.parametrize("code", WAYS)
def test_what_a_file_reads(code: str) -> None:
    reads = modal.scan([PythonFile.scan("it.py", code)]).reads
    assert {f"{read.name}={read.default}" if read.default else read.name for read in reads} == set(WAYS[code].split())


@pytest.mark.parametrize(
    ("attached", "code"),
    [
        (True, "s = modal.Secret.from_name('x')\n@app.function(secrets=[s])\ndef f(): ..."),
        (True, "@app.function(secrets=[modal.Secret.from_name('x')])\ndef f(): ..."),
        (True, "s = Secret.from_name('x')\nall_of_them = [s]\n@app.cls(secrets=all_of_them)\nclass C: ..."),
        (True, "m = modal.CloudBucketMount('b', secret=modal.Secret.from_name('x'))"),
        (False, "s = modal.Secret.from_name('x')\n@app.function()\ndef f(): ..."),
    ],
)
def test_whether_a_secret_is_attached(attached: bool, code: str) -> None:
    app = modal.scan([PythonFile.scan("it.py", code)])
    assert [(secret.name, secret.attached) for secret in app.secrets] == [("x", attached)]


@pytest.mark.parametrize(
    "code",
    [
        "modal.CloudBucketMount(os.environ['R2_BUCKET_NAME'])",
        "BUCKET = os.environ['R2_BUCKET_NAME']\nmodal.CloudBucketMount(bucket_name=BUCKET)",
        "CloudBucketMount(bucket_name=need('R2_BUCKET_NAME'))",
    ],
)
def test_a_mount_s_bucket_is_followed_to_its_variable(code: str) -> None:
    (mount,) = modal.scan([PythonFile.scan("it.py", code)]).mounts
    assert "R2_BUCKET_NAME" in mount.variables
