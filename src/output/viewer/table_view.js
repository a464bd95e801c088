// Functions as a table: what the pictures show, in text.
import { element } from './canvas.js';

const ROWS_MAX = 500;

export class TableView {
    // onSort(key), onPick(frame)
    constructor(section, app, onSort, onPick) {
        this.app = app;
        this.onSort = onSort;
        this.onPick = onPick;
        this.box = element('div', { class: 'pane', tabindex: 0, role: 'region', 'aria-label': 'Table of functions' }, section);
        this.table = element('table', {}, this.box);
        this.caption = element('caption', {}, this.table);
        this.head = element('tr', {}, element('thead', {}, this.table));
        this.body = element('tbody', {}, this.table);
    }

    // columns: {key, label, text(row), number(row)}; rows: {frame, ...}.
    show(columns, rows, sort, hits, caption) {
        const column = columns.find((c) => c.key === sort) || columns[1];
        const wanted = hits ? rows.filter((r) => hits[r.frame]) : rows.slice();
        if (column.key === 'name') wanted.sort((a, b) => a.frame - b.frame);
        else wanted.sort((a, b) => column.number(b) - column.number(a) || a.frame - b.frame);
        this.caption.textContent = caption + (wanted.length > ROWS_MAX ? ' The first ' + ROWS_MAX + ' of ' + this.app.grouped(wanted.length) + ' functions.' : ' ' + this.app.grouped(wanted.length) + (wanted.length === 1 ? ' function.' : ' functions.'));
        this.showHead(columns, column.key);
        this.body.textContent = '';
        for (const row of wanted.slice(0, ROWS_MAX)) this.showRow(columns, row);
    }

    showHead(columns, sort) {
        this.head.textContent = '';
        for (const column of columns) {
            const th = element('th', { scope: 'col', 'aria-sort': column.key !== sort ? 'none' : sort === 'name' ? 'ascending' : 'descending' }, this.head);
            const button = element('button', { type: 'button', title: column.title || 'Sort' }, th, column.label + (column.key !== sort ? '' : sort === 'name' ? ' \u25b4' : ' \u25be'));
            button.addEventListener('click', () => this.onSort(column.key));
        }
    }

    // A share is a bar, too.
    showFigure(column, row, tr) {
        const td = element('td', column.part ? { class: 'share' } : {}, tr, column.text(row));
        if (column.part) td.style.setProperty('--part', 100 * column.part(row) + '%');
    }

    showRow(columns, row) {
        const tr = element('tr', {}, this.body);
        columns.forEach((column, k) => {
            if (k) return this.showFigure(column, row, tr);
            const th = element('th', { scope: 'row' }, tr);
            const label = this.app.labels[row.frame], title = [row.name === label ? '' : row.name, this.app.placeOf(row.frame)];
            const button = element('button', { type: 'button', title: title.filter(Boolean).join('\n') || 'Callers and callees' }, th, label);
            return button.addEventListener('click', () => this.onPick(row.frame));
        });
    }
}
