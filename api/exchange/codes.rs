//! Codes of the ways in and out: files, phones, the feed.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    TOO_MUCH_HELD "too_much_held" CONFLICT "Too much of this account is held or in conflict already; mend or discard some first" "该账号待处理的数据过多,请先处理或放弃一部分";
    STILL_RUNNING "still_running" CONFLICT "It is still running" "仍在进行中";
    RESYNC_REQUIRED "resync_required" GONE "The server was restored to an earlier time; pull everything anew" "服务器已恢复到较早的时间点,请重新全量同步";
    UNREADABLE_FILE "unreadable_file" UNPROCESSABLE_ENTITY "The file can't be read as what it is said to be" "文件无法按所声明的格式读取";
    UNKNOWN_COLUMNS "unknown_columns" UNPROCESSABLE_ENTITY "The header has columns that can't be taken" "表头中有无法识别的列";
    YEAR_NEEDED "year_needed" UNPROCESSABLE_ENTITY "The headers name days without a year, or count them, and nothing says from when: give `year`, or `first_on`" "表头日期缺少年份或起始日,请提供 year 或 first_on 参数";
    TOO_MANY_FAULTS "too_many_faults" UNPROCESSABLE_ENTITY "The file has more than 10,000 faults: mend its form before its rows" "文件错误超过 10000 处,请先修正文件格式";
}

fault_codes! {
    FAULTS;
    BEYOND_HEAD "beyond_head" "is beyond the newest change number" "超出最新变更号";
    UNKNOWN_COLUMN "unknown_column" "no column of this name belongs here" "不认识的列";
    PERSONAL_CONSTANT "personal_constant" "tells of somebody and doesn't belong in an address: give it as a column of the file" "属于个人信息,不得写入网址,请作为文件中的一列填写";
    REPEATED_COLUMN "repeated_column" "means the same as another column" "与其他列含义重复";
    UNREADABLE_ROW "unreadable_row" "the row can't be read: a quote is left open, or it is far too long" "该行无法读取:引号未闭合或内容过长";
    LOST_DIGITS "lost_digits" "a number lost its last digits in the spreadsheet; format the column as text" "数字在表格中已丢失末位,请将该列设为文本格式后重填";
    ERROR_CELL "error_cell" "a cell shows an error of the spreadsheet" "单元格为表格错误值";
    MORE_CELLS "more_cells" "the row has more cells than the header" "该行单元格多于表头";
    AMBIGUOUS_NAME "ambiguous_name" "several have this name: {candidates}" "存在重名:{candidates}";
    DIFFERS_WITHIN_RECORD "differs_within_record" "differs from the row above of the same record" "与同一记录的上一行不一致";
    UNCOUNTED_FORMULA "uncounted_formula" "the formula has no result; open the workbook and save it" "公式没有计算结果,请打开文件重新保存";
    LUNAR_DAY "lunar_day" "a day of the lunar calendar; give it as 2020-02-03" "农历日期,请改为公历,如 2020-02-03";
    NOT_IDENTIFIED "not_identified" "doesn't say who: give the document's number, or name and phone" "无法确定人员,请填写证件号码,或姓名和电话";
    AMBIGUOUS_PERSON "ambiguous_person" "several may be meant: {candidates}; give the document's number" "可能是以下多人:{candidates},请填写证件号码";
    NOT_AN_AREA "not_an_area" "no area of the district has this name" "辖区内没有该名称的区划";
    AMBIGUOUS_AREA "ambiguous_area" "several areas have this name: {areas}" "存在重名区划:{areas}";
    NOTHING_ABOVE "nothing_above" "says the same as above, and nothing stands above" "写了“同上”,但上一行该列为空,请填写内容";
    OTHER_ROW_FAULTY "other_row_faulty" "another row of the same record has faults; mend and send them together" "同一记录的其他行有误,请一并修正后重新提交";
}
