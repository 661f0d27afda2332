//===- TaskFormsTest.cpp - questions from the published files -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/QuestionReader.h"
#include "runtime/formats/Error.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <unistd.h>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

/// A folder that is gone afterwards.
class Folder {
public:
  Folder() : path(fs::temp_directory_path() / fmt::format("qopt-tasks-{}", getpid())) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }

  void write(const std::string &name, const std::string &contents) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << contents;
  }

  const fs::path path;
};

/// A record as it is published, and the request for its right answer.
struct PublishedForm {
  std::string task;
  std::string file;
  std::string contents;
  std::string context;
  std::string continuation; ///< Of the right choice; of Generate, the first answer.
};

} // namespace

static std::vector<Question> read(const std::string &task, const Folder &folder,
                                  const QuestionOptions &options = {}) {
  const std::string path = folder.path.string();
  return readQuestions(findTask(task), std::span(&path, 1), options);
}

static const std::vector<PublishedForm> publishedForms = {
    {"piqa", "piqa_test.jsonl", R"({"question": "Goal?", "choices": ["a", "b"], "label": 1})",
     "Question: Goal?\nAnswer:", " b"},
    {"winogrande", "dev.jsonl",
     R"({"sentence": "Ann saw Bea as _ left. ", "option1": "Ann", "option2": "Bea", "answer": "2"})",
     "Ann saw Bea as Bea", " left."},
    {"winogrande", "winogrande_test.jsonl",
     R"({"question": "The _ was hot.", "choices": ["pan", "pot"], "label": 0})", "The pan",
     " was hot."},
    {"hellaswag", "hellaswag_val.jsonl",
     R"({"activity_label": "Baking", "ctx_a": "A man bakes [step].", "ctx_b": "the Man",
         "endings": ["sits", "runs [title] away"], "label": 1})",
     "Baking: A man bakes . The man", " runs. away"},
    // The query is cleaned as a whole: no space stays where ctx_b is empty.
    {"hellaswag", "hellaswag_val.jsonl",
     R"({"activity_label": "Tea", "ctx_a": "[header] How to brew [title] Boil water.", "ctx_b": "",
         "endings": ["[step] Wait.", "Run."], "label": "0"})",
     "Tea: How to brew. Boil water.", "  Wait."},
    {"hellaswag", "hellaswag_val_full.txt", "Baking: A man\n2\nsits\nruns\neats\nflies\n",
     "Baking: A man", " eats"},
    {"arc", "ARC-Challenge-Test.jsonl",
     R"({"id": "1", "question": {"stem": "Why?", "choices": [{"text": "so", "label": "1"},
         {"text": "no", "label": "2"}]}, "answerKey": "2"})",
     "Question: Why?\nAnswer:", " no"},
    {"arc_easy", "ARC-Easy-Test.jsonl",
     R"({"question": {"stem": "Why?", "choices": [{"text": "so", "label": "A"},
         {"text": "no", "label": "B"}]}, "answerKey": "A"})",
     "Question: Why?\nAnswer:", " so"},
    {"openbookqa", "test.jsonl",
     R"({"question": {"stem": "Sun is", "choices": [{"text": "hot", "label": "A"},
         {"text": "cold", "label": "B"}]}, "answerKey": "A"})",
     "Sun is", " hot"},
    {"boolq", "val.jsonl", R"({"question": "is it", "passage": "It is.", "idx": 0, "label": true})",
     "It is.\nQuestion: is it?\nAnswer:", " yes"},
    {"boolq", "dev.jsonl", R"({"question": "is it", "passage": "No.", "answer": false})",
     "No.\nQuestion: is it?\nAnswer:", " no"},
    // The choices begin with a space of their own, as in lm-evaluation-harness.
    {"copa", "val.jsonl",
     R"({"premise": "It rained. ", "choice1": "It dried.", "choice2": "We got wet.",
         "question": "effect", "label": 1, "idx": 3})",
     "It rained therefore", "  we got wet."},
    {"rte", "val.jsonl",
     R"({"premise": "A is B.", "hypothesis": "B is.", "label": "not_entailment", "idx": 0})",
     "A is B.\nQuestion: B is. True or False?\nAnswer:", " False"},
    {"ax_b", "AX-b.jsonl",
     R"({"sentence1": "A is B.", "sentence2": "B is.", "label": "entailment", "logic": "x"})",
     "A is B.\nQuestion: B is. True or False?\nAnswer:", " True"},
    {"ax_g", "AX-g.jsonl", R"({"premise": "A.", "hypothesis": "B.", "label": "entailment"})",
     "A.\nQuestion: B. True or False?\nAnswer:", " True"},
    {"cb", "val.jsonl", R"({"premise": "A", "hypothesis": "B", "label": "neutral", "idx": 2})",
     "A\nQuestion: B. True, False, or Neither?\nAnswer:", " Neither"},
    {"wic", "val.jsonl",
     R"({"word": "place", "sentence1": "Do you want to come over to my place?",
         "sentence2": "A political system with no place.", "start1": 31, "end1": 36, "label": false})",
     "Sentence 1: Do you want to come over to my place?\nSentence 2: A political system with no "
     "place.\nQuestion: Is the word 'place' used in the same way in the two sentences "
     "above?\nAnswer:",
     " no"},
    {"wsc", "val.jsonl",
     R"({"text": "Mark told Pete that he was late.", "target": {"span1_text": "Mark",
         "span2_text": "he", "span1_index": 0, "span2_index": 4}, "label": true})",
     "Passage: Mark told Pete that *he* was late.\nQuestion: In the passage above, does the "
     "pronoun \"*he*\" refer to \"*Mark*\"?\nAnswer:",
     " yes"},
    {"multirc", "val.jsonl",
     R"({"passage": {"text": "P.", "questions": [{"question": "Q?", "answers":
         [{"text": "a", "label": 0}, {"text": "b", "label": 1}]}]}})",
     "P.\nQuestion: Q?\nAnswer:", " a\nIs the answer correct? no"},
    {"race", "test/high/1.txt",
     R"({"article": "Art.", "questions": ["Q1?", "Q2?"], "answers": ["B", "A"],
         "options": [["a", "b"], ["c", "d"]]})",
     "Article: Art.\n\nQuestion: Q1?\nAnswer:", " b"},
    {"storycloze", "cloze_test_val__spring2016.csv",
     "InputStoryid,InputSentence1,InputSentence2,InputSentence3,InputSentence4,"
     "RandomFifthSentenceQuiz1,RandomFifthSentenceQuiz2,AnswerRightEnding\r\n"
     "x,One.,\"Two, too.\",Three.,Four.,Bad.,Good.,2\r\n",
     "One. Two, too. Three. Four.", " Good."},
    {"ceval", "val/logic_val.csv", "id,question,A,B,C,D,answer\n0,问？,甲,乙,丙,丁,C\n",
     "以下是中国关于逻辑学的单项选择题，请选出其中的正确答案。\n\n问？\nA. 甲\nB. 乙\nC. 丙\nD. "
     "丁\n答案：",
     " C"},
    {"mmlu", "test/high_school_physics_test.csv", "\"Who said \"\"A\"\"?\nSay. \",p,q,r,s,D\n",
     "The following are multiple choice questions (with answers) about high school "
     "physics.\n\nWho said \"A\"?\nSay.\nA. p\nB. q\nC. r\nD. s\nAnswer:",
     " D"},
    {"mmlu-study", "test/anatomy_test.csv", "Q,p,q,r,s,A\n",
     "The following are multiple choice questions (with answers) about anatomy.\n\nQ\nA. p\nB. "
     "q\nC. r\nD. s\nAnswer:",
     " A"},
    {"lambada", "lambada_test.jsonl", R"({"text": "He opened the  door"})", "He opened the ",
     " door"},
    {"crows_pairs", "crows_pairs_anonymized.csv",
     ",sent_more,sent_less,bias_type\n0,They lie.,We lie.,race\n", "", "They lie."},
    {"gsm8k", "test.jsonl", R"({"question": "1+1?", "answer": "It is\n#### 2"})",
     "Question: 1+1?\nAnswer:", "It is\n#### 2"},
    {"nq", "NQ-open.dev.jsonl", R"({"question": "who is it", "answer": ["me", "I"]})",
     "Answer these questions:\n\nQ: who is it?\nA:", "me"},
    {"triviaqa", "web-dev.json",
     R"({"Data": [{"Question": "Who?", "Answer": {"Aliases": ["Him", "He"], "Value": "He"}}]})",
     "Question: Who??\nAnswer:", "Him"},
    {"record", "val.jsonl",
     R"({"passage": {"text": "It was.\n@highlight\nMore.", "entities": []},
         "qas": [{"query": "It is @placeholder.", "answers": [{"text": "Bob"}]}]})",
     "It was.\n- More.\n\nIt is @placeholder.\nQuestion: What is @placeholder?\nAnswer:", "Bob"},
    {"cmrc", "cmrc2018_dev.json",
     R"({"data": [{"paragraphs": [{"context": "文。", "qas": [{"question": "问？",
         "answers": [{"text": "答", "answer_start": 1}]}]}]}]})",
     "文。\n问题：问？\n答案：", "答"},
    {"drcd", "DRCD_dev.json",
     R"({"data": [{"paragraphs": [{"context": "文。", "qas": [{"question": "問？",
         "answers": [{"text": "答"}]}]}]}]})",
     "文。\n问题：問？\n答案：", "答"},
    {"afqmc", "dev.json", R"({"sentence1": "一", "sentence2": "二", "label": "1"})",
     "句子一：一\n句子二：二\n两句话的意思相同吗？答案：", "相同"},
    {"ocnli", "dev.json", R"({"sentence1": "一", "sentence2": "二", "label": "neutral"})",
     "前提：一\n假设：二\n关系：", "中立"},
    {"cmnli", "dev.json", R"({"sentence1": "一", "sentence2": "二", "label": "contradiction"})",
     "前提：一\n假设：二\n关系：", "矛盾"},
    {"cluewsc", "dev.json",
     R"({"text": "他来了", "target": {"span1_text": "王", "span2_text": "他"}, "label": "false"})",
     "他来了\n上文中的“他”指的是“王”吗？答案：", "否"},
    {"csl", "dev.json", R"({"id": 1, "abst": "摘。", "keyword": ["甲"], "label": "1"})",
     "摘要：摘。\n关键词：甲\n以上关键词都属于这段摘要吗？答案：", "是"},
    {"tnews", "dev.json",
     R"({"label": "106", "label_desc": "news_house", "sentence": "房价", "keywords": ""})",
     "新闻：房价\n类别：", "房产"},
    {"iflytek", "dev.json", R"({"label": "92", "label_des": "支付", "sentence": "付款"})",
     "应用简介：付款\n类别：", "支付"},
    {"chid", "dev_few_all.json",
     R"({"id": 0, "candidates": ["甲", "乙"], "content": "他#idiom#。", "answer": 1})",
     "他____。\n横线处的成语：", "乙"},
    {"c3", "d-dev.json",
     R"([[["男：好。"], [{"question": "谁？", "choice": ["他", "她"], "answer": "她"}], "1-1"]])",
     "男：好。\n问题：谁？\n答案：", "她"},
};

TEST(TaskFormsTest, publishedRecordsBecomeTheRequestsOfTheHarness) {
  for (const PublishedForm &form : publishedForms) {
    SCOPED_TRACE(form.task + " " + form.file);
    const Folder folder;
    // A record is one line, as it is published; here some are broken for reading.
    std::string contents = form.contents;
    if (contents.starts_with('{'))
      std::erase(contents, '\n');
    folder.write(form.file, contents);
    const std::vector<Question> questions = read(form.task, folder);
    ASSERT_FALSE(questions.empty());
    const Question &question = questions.front();
    EXPECT_EQ(question.context(question.gold), form.context);
    EXPECT_EQ(question.continuations.empty() ? question.answers.front()
                                             : question.continuations[question.gold],
              form.continuation);
  }
}

TEST(TaskFormsTest, everyBuiltInTaskHasSuchARecord) {
  std::set<std::string> tested;
  for (const PublishedForm &form : publishedForms)
    tested.insert(form.task);
  const std::vector<std::string> names = builtinTaskNames();
  EXPECT_EQ(tested, std::set<std::string>(names.begin(), names.end()));
}

TEST(TaskFormsTest, labelsMayLieBeside) {
  const Folder folder;
  folder.write("piqa/valid.jsonl", "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\"}\n");
  folder.write("piqa/valid-labels.lst", "1\n");
  const std::vector<Question> questions = read("piqa", folder);
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_EQ(questions[0].gold, 1u);
  EXPECT_EQ(questions[0].contexts[0], "Question: g\nAnswer:");
  folder.write("piqa/valid-labels.lst", "1\n0\n");
  EXPECT_THROW(read("piqa", folder), Error);
}

TEST(TaskFormsTest, oneRecordMayHoldManyQuestions) {
  const Folder folder;
  folder.write("test/high/1.txt", R"({"article": "Art.", "questions": ["Q1?", "Q2?"],
      "answers": ["B", "A"], "options": [["a", "b"], ["c", "d"]]})"
                                  "\n");
  // Published files are one line; a broken one is refused with its line.
  EXPECT_THROW(read("race", folder), Error);
  folder.write("test/high/1.txt",
               R"({"article": "Art.", "questions": ["Q1?", "Q2?"], "answers": ["B", "A"], )"
               R"("options": [["a", "b"], ["c", "d"]]})"
               "\n");
  const std::vector<Question> questions = read("race", folder);
  ASSERT_EQ(questions.size(), 2u);
  EXPECT_EQ(questions[1].continuations, (std::vector<std::string>{" c", " d"}));
  EXPECT_EQ(questions[1].gold, 0u);
  EXPECT_EQ(questions[1].group, "");
}

static void writeMmlu(const Folder &folder) {
  for (const char *subject : {"b_two", "a_one"}) {
    folder.write(fmt::format("dev/{}_dev.csv", subject), "E1,p,q,r,s,A\nE2,p,q,r,s,B\n");
    std::string test;
    for (int i = 0; i < 5; ++i)
      test += fmt::format("{}{},p,q,r,s,C\n", subject, i);
    folder.write(fmt::format("test/{}_test.csv", subject), test);
  }
}

TEST(TaskFormsTest, examplesComeFirst) {
  const Folder folder;
  writeMmlu(folder);
  const std::vector<Question> questions = read("mmlu", folder, {.shots = 1});
  ASSERT_EQ(questions.size(), 10u);
  EXPECT_EQ(questions[0].group, "a_one");
  EXPECT_EQ(questions[0].contexts[0],
            "The following are multiple choice questions (with answers) about a one.\n\n"
            "E1\nA. p\nB. q\nC. r\nD. s\nAnswer: A\n\n"
            "a_one0\nA. p\nB. q\nC. r\nD. s\nAnswer:");
  EXPECT_THROW(read("mmlu", folder, {.shots = 3}), Error);
}

TEST(TaskFormsTest, examplesOfCevalHaveExplanationsThatAreLeftOut) {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\n0,问？,甲,乙,丙,丁,C\n");
  folder.write("dev/logic_dev.csv",
               "id,question,A,B,C,D,answer,explanation\n0,例？,一,二,三,四,A,\"因,为\"\n");
  EXPECT_EQ(read("ceval", folder, {.shots = 1})[0].contexts[0],
            "以下是中国关于逻辑学的单项选择题，请选出其中的正确答案。\n\n例？\nA. 一\nB. "
            "二\nC. 三\nD. 四\n答案： A\n\n问？\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案：");
}

// x = [s + str(i) for s in ("a_one", "b_two") for i in range(5)]; random.Random(42).shuffle(x)
TEST(TaskFormsTest, samplesAreThoseOfTheStudy) {
  const Folder folder;
  writeMmlu(folder);
  const std::vector<Question> questions = read("mmlu", folder, {.samples = 4, .seed = 42});
  std::vector<std::string> order;
  for (const Question &question : questions)
    order.push_back(question.contexts[0].substr(question.contexts[0].find("\n\n") + 2, 6));
  EXPECT_EQ(order, (std::vector<std::string>{"b_two2", "a_one3", "a_one2", "b_two3"}));
}

static std::string messageOf(const std::string &task, const Folder &folder) {
  try {
    read(task, folder);
  } catch (const Error &error) {
    const std::string path = folder.path.string();
    std::string message = error.what();
    for (size_t at; (at = message.find(path)) != std::string::npos;)
      message = fmt::format("{}D{}", message.substr(0, at), message.substr(at + path.size()));
    return message;
  }
  return "none";
}

TEST(TaskFormsTest, whatIsWrongIsNamedWithItsLine) {
  const Folder folder;
  EXPECT_EQ(messageOf("piqa", folder),
            "D: has no file that task piqa is read from: valid.jsonl or piqa_test.jsonl");
  auto check = [&](const std::string &contents, const std::string &message) {
    folder.write("piqa_test.jsonl", contents);
    EXPECT_EQ(messageOf("piqa", folder), message);
  };
  const std::string good = "{\"question\": \"q\", \"choices\": [\"a\", \"b\"], \"label\": 0}\n";
  check("", "D/piqa_test.jsonl: the file is empty");
  check(" \n\n", "D/piqa_test.jsonl: the file is empty");
  check(good + "{\"question\": \"q\", \"choices\": [\"a\", \"b\"], \"label\": 2}\n",
        "D/piqa_test.jsonl: line 2: the right answer is '2'; there are 2 choices, numbered from 0");
  check(good + "{\"question\": \"q\", \"choices\": [\"a\", \"b\"], \"label\": -1}\n",
        "D/piqa_test.jsonl: line 2: the right answer is '-1'; there are 2 choices, numbered from "
        "0");
  check("\n{\"question\": \"q\", \"label\": 0}\n", "D/piqa_test.jsonl: line 2: has no 'choices'");
  check("{\"question\": \"q\", \"choices\": [\"a\"], \"label\": 0}\n",
        "D/piqa_test.jsonl: line 1: has 1 choice; a question needs two at least");
  check("{\"question\": \"q\", \"choices\": [\"a\", \"\"], \"label\": 0}\n",
        "D/piqa_test.jsonl: line 1: choice 1 is empty");
  check("{\"question\": \"q\", \"choices\": \"ab\", \"label\": 0}\n",
        "D/piqa_test.jsonl: line 1: 'choices' is string, not a list");
  check(good + "{\"question\": \"caf\xe9\", \"choices\": [\"a\", \"b\"], \"label\": 0}\n",
        "D/piqa_test.jsonl: line 2 is not UTF-8; if the file is Latin-1, iconv -f LATIN1 -t UTF-8 "
        "converts it");
  check("\xff\xfe{",
        "D/piqa_test.jsonl: is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)");
  check(std::string("{\0\"\0", 4),
        "D/piqa_test.jsonl: is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)");
  check("[1]\n", "D/piqa_test.jsonl: line 1: is array, not an object");
  folder.write("test/x_test.csv", "q,a,b,c,d\n");
  EXPECT_EQ(messageOf("mmlu", folder), "D/test/x_test.csv: line 1: has 5 fields; 6 are expected "
                                       "(question, A, B, C, D, answer)");
  folder.write("test/x_test.csv", "q,a,b,c,d,A\n\"q,a,b,c,d,A\n");
  EXPECT_EQ(messageOf("mmlu", folder), "D/test/x_test.csv: line 2: a quoted field does not end");
  folder.write("test/x_test.csv", "q,a,b,c,d,E\n");
  EXPECT_EQ(messageOf("mmlu", folder), "D/test/x_test.csv: line 1: the right answer is 'E'; the "
                                       "choices are A, B, C, D");
}

TEST(TaskFormsTest, descriptionsOfOnesOwnAreChecked) {
  const Folder folder;
  auto message = [&](const std::string &json) -> std::string {
    folder.write("own.json", json);
    try {
      findTask((folder.path / "own.json").string());
    } catch (const Error &error) {
      return std::string(error.what()).substr(folder.path.string().size());
    }
    return "none";
  };
  EXPECT_EQ(message(R"({"files": ["x"], "metrics": ["acc"], "queri": "{q}"})"),
            "/own.json: 'queri' is no key of a task description");
  EXPECT_EQ(
      message(R"({"files": ["x"], "metrics": ["acc"], "query": "{q}", "choices": ["a", "b"]})"),
      "/own.json: 'gold' must say which choice is right");
  EXPECT_EQ(message(R"({"like": "mnlu"})"), "/own.json: is like 'mnlu', which is no built-in task");
  EXPECT_EQ(message(R"({"like": "mmlu", "files": ["my/*.csv"]})"), "none");
}
