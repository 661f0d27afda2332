"""Makes the reference data of the tokenizer tests with the Python packages `tokenizers` and `sentencepiece`.

usage: make_vectors.py SOURCE_DIR SHARED_DIR

Writes into SOURCE_DIR/test/unit/tokenizer/data:
  vectors.json         texts, ids and decoded texts: for the bundled models, for small tokenizer.json files that
                       use one feature each (written into the file itself) and for the .model files
  shared_vectors.json  the same for the tokenizers of SHARED_DIR/tokenizers
  *.model              small SentencePiece models, trained on the bundled stories
"""

import base64
import io
import json
import random
import sys

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

source, shared = sys.argv[1:3]
data = source + "/test/unit/tokenizer/data/"
random.seed(2024)

TEXTS = [
    "", " ", "  ", "Hello world", " Hello  world ", "Once upon a time, there was a little girl.",
    "don't DON'T we'LL I\u017f 'S '\u017f it'Re 'tis", "12345678901 3.14 1,000", "\u00bd \u00b2 \u216b \u0661\u0662\u0663 \u4e00\u4e8c\u4e09",
    "a\u0000b\u0001\u0002\u007f\u0080", "\U0001f468\u200d\U0001f469\u200d\U0001f467 family \U0001f3f3\ufe0f\u200d\U0001f308",
    "e\u0301 a\u0308\u0323 o\u0302\u0301 \u1112\u1161\u11ab \u212b \ufb01 \u2460", "\u6f22\u5b57\u304b\u306a\u4ea4\u3058\u308a\u6587 \u30c6\u30b9\u30c8\u3002",
    "\u05e9\u05dc\u05d5\u05dd \u202bmixed\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629", " " * 300 + "x", "\t \n" * 20,
    "a\r\nb\r\n\r\n  c\r", "\u00a0\u2003\u3000\u180e\u200b\u2028\u2029\u0085x", "<s>hello</s> <unk><|endoftext|> <|im_start|>",
    "<0x0A>\n<0x41>", "\u2581\u2581 \u2581a\u2581b \u2581", "\ufeffBOM", "\uffff\U0010ffff", "\u0130\u0131\u015f\u00df", "a" * 300,
    "\u0300\u0301 starts with combining", " \n \n\n  \t", "...!!!???---===", "https://example.com/a_b?c=d&e=%20f#g",
    "def f(x):\n\treturn x**2  # sq\n\n\n    pass", "x [MASK] y[MASK]z  [MASK]", "TOKENS TOKEN aTOKEN TOKEN", "\ue000\ud7a3"]
ALPHABET = " \t\n\r'sStTlLmMrReEvVdD123abc.,!\u2581\u00e9\u0301\u4e2d\U0001f44d\u00a0\u3000[]"


def random_text():
    return "".join(random.choice(ALPHABET) for _ in range(random.randint(1, 40)))


def hf_cases(tokenizer, ids_below=None):
    cases = []
    for text in TEXTS + [random_text() for _ in range(20)]:
        case = {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
        case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=True)
        with_special = tokenizer.encode(text, add_special_tokens=True).ids
        if with_special != case["ids"]:
            case["ids_with_special"] = with_special
        cases.append(case)
    for _ in range(20 if ids_below else 0):  # Mostly broken UTF-8.
        ids = [random.randrange(ids_below) for _ in range(random.randint(1, 12))]
        cases.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    return cases


def bundled(name):
    tokenizer = Tokenizer.from_file(f"{source}/test/models/{name}/tokenizer.json")
    byte_level = name != "tiny-llama"  # With byte fallback, ids at random are decoded differently (TokenDecoder.h).
    return {"name": name, "model": name, "cases": hf_cases(tokenizer, 256 if byte_level else None)}


def small_bpe(**options):
    """A few letters and merges around "hello", "low" and the space mark."""
    letters = ["<unk>", "h", "e", "l", "o", "w", "r", "d", "t", "\u2581", "\u0120", "1", "2", "3", "\u00e9", ".", " "]
    merges = [["l", "o"], ["h", "e"], ["\u2581", "he"], ["he", "l"], ["lo", "w"], ["\u0120", "lo"], ["\u2581", "\u2581"], ["1", "2"], ["hel", "lo"]]
    vocab = {letter: i for i, letter in enumerate(letters)}
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    vocab["hellow"] = len(vocab)  # Reached only by ignore_merges.
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": merges, **options}


SMALL_TEXTS = ["hello low", " hello  low ", "hellow hello.hello", "lo12312.low", "h\u00e9llo he\u0301llo", "xyz hello xx yy", "hello<sep>low <sep> he",
               "hello MARK low MARKS", "low<n\u00e9>lo<ne\u0301>w", "", "  ", "12he3.1..2", "\u2581hello\u2581\u2581low", "hello\u00a0\u3000<sep>\u2003 low", "MARK",
               "<sep>hello", "he<sep>  <sep>MARK lo", "TOKEN aTOKEN TOKENs_TOKEN"]


def small(name, model=None, added=(), **parts):
    document = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
                "post_processor": None, "decoder": None, "model": model or small_bpe(), **parts}
    next_id = len(document["model"]["vocab"])
    for token in added:
        known = document["model"]["vocab"].get(token["content"])
        document["added_tokens"].append({"id": next_id if known is None else known, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                                         "special": False, **token})
        next_id += known is None
    tokenizer = Tokenizer.from_str(json.dumps(document))
    cases = []
    for text in SMALL_TEXTS + [random_text() for _ in range(10)]:
        case = {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
        if not any(token.get("normalized") for token in added):  # Versions disagree on their text.
            case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=True)
        with_special = tokenizer.encode(text, add_special_tokens=True).ids
        if with_special != case["ids"]:
            case["ids_with_special"] = with_special
        cases.append(case)
    return {"name": name, "json": document, "cases": cases}


def sequence(key, *steps):
    return {"type": "Sequence", key: list(steps)}


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def metaspace(scheme, do_split):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": do_split}


def small_tokenizers():
    behaviors = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    bytes_model = small_bpe()
    for i in range(256):
        bytes_model["vocab"][f"<0x{i:02X}>"] = len(bytes_model["vocab"])
    sep = {"content": "<sep>"}
    yield small("plain")
    yield small("fuse_unk", small_bpe(fuse_unk=True))
    yield small("no_unk", small_bpe(unk_token=None))
    yield small("ignore_merges", small_bpe(ignore_merges=True), pre_tokenizer=split({"String": " "}, "Isolated"))
    yield small("byte_fallback", {**bytes_model, "byte_fallback": True}, decoder=sequence("decoders", {"type": "ByteFallback"}, {"type": "Fuse"}))
    yield small("string_merges", small_bpe(merges=["l o", "h e", "he l"]))
    yield small("repeated_merge", small_bpe(merges=["l o", "h e", "he l", "l o"]))
    for behavior in behaviors:
        yield small(f"split_{behavior}", pre_tokenizer=split({"Regex": "lo|\\d"}, behavior))
        yield small(f"split_inverted_{behavior}", pre_tokenizer=split({"Regex": "[hel]+"}, behavior, True))
    yield small("split_string", pre_tokenizer=split({"String": "ll"}, "MergedWithNext"))
    yield small("split_empty_matches", pre_tokenizer=split({"Regex": "l*"}, "Isolated"))
    for individual in (False, True):
        yield small(f"digits_{individual}", pre_tokenizer={"type": "Digits", "individual_digits": individual})
    for scheme in ("always", "first", "never"):
        for do_split in (False, True):
            step = metaspace(scheme, do_split)
            yield small(f"metaspace_{scheme}_{do_split}", added=[sep], pre_tokenizer=step, decoder=step)
    yield small("byte_level", added=[sep], pre_tokenizer=byte_level, decoder=byte_level)
    yield small("split_then_byte_level", pre_tokenizer=sequence("pretokenizers", split({"Regex": "\\d"}, "Isolated"), {**byte_level, "use_regex": False}))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield small(form, normalizer={"type": form})
    yield small("normalizers", added=[sep], normalizer=sequence(
        "normalizers", {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        sequence("normalizers", {"type": "Replace", "pattern": {"Regex": "l{2,}"}, "content": "l"})))
    yield small("lstrip", added=[{**sep, "lstrip": True}])
    yield small("rstrip", added=[{**sep, "rstrip": True}, {"content": "MARK", "lstrip": True, "rstrip": True}])
    yield small("single_word", added=[{"content": "MARK", "single_word": True}, {"content": "TOKEN", "single_word": True, "lstrip": True}])
    yield small("longest", added=[{"content": "he"}, {"content": "hell"}, {"content": "o low"}, sep])
    yield small("normalized", added=[{"content": "<n\u00e9>", "normalized": True}, {"content": "<s", "normalized": False}], normalizer={"type": "NFD"})
    yield small("special", added=[{**sep, "special": True}], post_processor=sequence(
        "processors", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<sep>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<end>", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<sep>": {"id": "<sep>", "ids": [26], "tokens": ["<sep>"]}, "<end>": {"id": "<end>", "ids": [1, 2], "tokens": ["h", "e"]}}}))
    yield small("decoders", decoder=sequence("decoders", {"type": "Replace", "pattern": {"Regex": "l|o"}, "content": "0"}, {"type": "Fuse"},
                                             {"type": "Strip", "content": "h", "start": 2, "stop": 0}))


def piece_cases(processor, texts):
    cases = []
    for text in texts:
        ids = processor.encode(text)
        # The unknown piece gives no text here, as all special tokens, and " \u2047 " in SentencePiece.
        cases.append({"text": text, "ids": ids, "decoded": processor.decode([i for i in ids if i != processor.unk_id()])})
    return cases


def small_piece_models():
    def train(**options):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(open(source + "/test/models/heldout.txt", encoding="utf-8")), model_writer=model, model_type="bpe",
            normalization_rule_name="identity", minloglevel=2, num_threads=1, **options)
        return model.getvalue()

    story = open(source + "/test/models/heldout.txt", encoding="utf-8").read()[:600]
    like_llama = train(vocab_size=500, byte_fallback=True, remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
                       user_defined_symbols=["<tool>", "\u2581girl", "xyz"])
    plain = train(vocab_size=200, remove_extra_whitespaces=True, add_dummy_prefix=True)
    limited = sentencepiece_model_pb2.ModelProto.FromString(like_llama)
    for i, piece in enumerate(limited.pieces):
        if piece.type == piece.NORMAL and i % 3 == 0:
            piece.type = piece.UNUSED
    for name, model in (("pieces", like_llama), ("plain_pieces", plain), ("unused_pieces", limited.SerializeToString())):
        with open(f"{data}{name}.model", "wb") as out:
            out.write(model)
        texts = TEXTS + [story, "<tool>xyz girl <tool> girlxyzxyz"] + [random_text() for _ in range(20)]
        yield {"name": name, "file": name + ".model", "cases": piece_cases(sentencepiece.SentencePieceProcessor(model_proto=model), texts)}


def byte_alphabet():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def contraction_pattern(numbers):
    return Regex("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers +
                 "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def byte_level_tokenizer(model, numbers, special):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(contraction_pattern(numbers), "isolated"),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    return tokenizer


def qwen2():
    path = shared + "/tokenizers/qwen2/"
    tokenizer = byte_level_tokenizer(models.BPE.from_file(path + "vocab.json", path + "merges.txt"), "\\p{N}",
                                     ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def llama3():
    """The tiktoken file as transformers converts it: all splits of a token into two tokens are merges."""
    letters = byte_alphabet()
    ranks = {}
    for line in open(shared + "/tokenizers/llama3/tokenizer.model"):
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    merges = []
    for token, rank in ranks.items():
        splits = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
        merges += [(rank, ranks[a], ranks[b], a, b) for a, b in splits]
    text = lambda token: "".join(letters[byte] for byte in token)
    model = models.BPE({text(token): rank for token, rank in ranks.items()}, [(text(a), text(b)) for _, _, _, a, b in sorted(merges)],
                       ignore_merges=True)
    special = ["<|begin_of_text|>", "<|end_of_text|>", *(f"<|reserved_special_token_{i}|>" for i in range(4)), "<|start_header_id|>",
               "<|end_header_id|>", "<|reserved_special_token_4|>", "<|eot_id|>", *(f"<|reserved_special_token_{i}|>" for i in range(5, 251))]
    return byte_level_tokenizer(model, "\\p{N}{1,3}", special)


def shared_tokenizers():
    yield {"name": "gpt2", "directory": "gpt2", "cases": hf_cases(Tokenizer.from_file(shared + "/tokenizers/gpt2/tokenizer.json"))}
    yield {"name": "qwen2", "directory": "qwen2", "cases": hf_cases(qwen2())}
    yield {"name": "llama3", "directory": "llama3", "cases": hf_cases(llama3())}
    processor = sentencepiece.SentencePieceProcessor(model_file=shared + "/tokenizers/llama2/tokenizer.model")
    yield {"name": "llama2", "directory": "llama2", "cases": piece_cases(processor, TEXTS + [random_text() for _ in range(20)])}


def write(name, groups):
    made_with = f"make_vectors.py, tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}"
    lines = ",\n".join(json.dumps(group) for group in groups)
    with open(data + name, "w") as out:
        out.write(f'{{"made_with": "{made_with}",\n"groups": [\n{lines}\n]}}\n')


write("vectors.json", [*map(bundled, ("tiny-llama", "tiny-gpt2", "tiny-qwen2")), *small_tokenizers(), *small_piece_models()])
write("shared_vectors.json", shared_tokenizers())
