// Why something is not done in an exercise: the server and the plant say it in English, and this page
// in Chinese too. A pattern of theirs, and what it means; groups stand for {a}, {b} and so on. A test
// holds that every reason has one.

import { meaning } from "../patterns.js";

const SAID = [
  // first what is like others
  [/^there is no (\S+); known: (.+)$/, "没有操作“{a}”,可用:{b}"],
  // of the plant
  [/^(.+) is no number from (.+) to (.+) mg\/L$/, "“{a}”不在{b}–{c} mg/L范围内"],
  [/^the plant has no generator$/, "本厂没有发电机"],
  [/^the plant has no pump (.+)$/, "本厂没有水泵{a}"],
  [/^the plant has no pipe or valve (.+)$/, "本厂没有管段或阀门{a}"],
  [/^there is no (.+): (.+)$/, "没有“{a}”,可用:{b}"],
  [/^nothing follows (.+)$/, "{a}之后不应再有内容"],
  [/^(.+) wants one (.+)$/, "{a}之后应有一项{b}"],
  [/^(.+) is tripped or has no power$/, "{a}已跳闸或断电"],
  [/^the plant does not answer$/, "水厂没有应答"],
  [/^the plant runs no longer$/, "水厂已停止运行"],
  [/^(.+) does not run here$/, "{a}不在此处运行"],
  [/^too many orders wait$/, "等待执行的指令过多,请稍后再试"],
  // of the exercise
  [/^the exercise is over$/, "演练已结束"],
  [/^somebody is on the way already$/, "已有人在途"],
  [/^there is no check (.+)$/, "没有可查看的“{a}”"],
  [/^there is no job (.+)$/, "没有“{a}”这项工作"],
  [/^there is no point (.+)$/, "没有取样点“{a}”"],
  [/^nobody can sample (.+)$/, "“{a}”不能取样"],
  [/^no notice (.+) is in force$/, "没有生效中的告示“{a}”"],
  [/^(.+): there is no (.+)$/, "{a}:没有“{b}”"],
  [/^(.+) is no speed from 1 to 600$/, "速度“{a}”不在1–600之间"],
  [/^nothing called (.+) is still to come$/, "没有待触发的“{a}”"],
  [/^the water of a run holds one dissolved substance, which is (.+)$/, "一次运行的水中只能含一种溶解性物质,即“{a}”"],
  [/^what befalls samples, and foreign water, cannot come in midway$/, "样品故障和外来水不能中途注入,须写入演练文件"],
  [/^(.+) asks nothing, or is answered already$/, "“{a}”没有提问,或已答复"],
  [/^(.+) is no answer to (.+)$/, "“{a}”不是“{b}”的可选答复"],
  [/^there is no further hint$/, "没有更多提示"],
  [/^there is nothing to acknowledge of (.+)$/, "“{a}”没有待确认的报警"],
  [/^there is nothing to (.+) of (.+)$/, "“{b}”没有可处理的报警({a})"],
  [/^give the mark a name of 1 to (.+) characters$/, "此刻名称须为1到{a}个字符"],
  [/^there is a mark (.+) already$/, "已有名为“{a}”的快照"],
  [/^one can go back to a time from (.+) on, before (.+)$/, "只能回到{a}之后、{b}之前"],
  [/^there is no mark (.+)$/, "没有名为“{a}”的快照"],
  [/^the log of the exercise cannot be written: (.+)$/, "演练日志无法写入:{a}"],
  // of words
  [/^nothing is done$/, "未选择操作"],
  [/^there is no (\S+)$/, "没有操作“{a}”"],
  [/^behind (\S+) comes nothing$/, "{a}后不应再有内容"],
  [/^behind (\S+) comes (.+)$/, "{a}后应为{b}"],
  // of the desk
  [/^that is not for (.+)s$/, "此操作不适用于当前角色({a})"],
  [/^say who you are in (\d+) characters, all of them to be seen$/, "请填写姓名(1到{a}个可见字符)"],
  [/^this link is (.+)'s: nothing is done by it in another name$/, "此链接属于{a},不能以他人名义操作"],
  [/^(.+) has a link of their own: come in by it, or as another$/, "{a}有个人链接:请用该链接进入,或使用其他姓名"],
];
// What may follow a reason.
const HINT = /^(.*); did you mean (.+)\?$/;

export function inChinese(why) {
  const hinted = why.match(HINT);
  if (hinted) {
    const said = inChinese(hinted[1]);
    return said && `${said};是否为“${hinted[2]}”?`;
  }
  return meaning(SAID, why);
}
