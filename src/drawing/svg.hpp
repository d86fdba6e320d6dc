// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace drawing {

/// Text as it may stand between the tags of XML, which can hold no control characters.
inline std::string escaped_for_xml(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
    }
  }
  return escaped;
}

/// A point of a drawing, from its top left corner to the right and down.
struct point {
  double x = 0;
  double y = 0;
};

/// How a text of a drawing looks. What is not set is as in the rest of the drawing.
struct text_style {
  enum class anchor { start, middle, end };

  anchor at = anchor::start;  ///< the part of the text that lies at its point
  std::string_view colour = {};
  double size = 0;
  bool is_bold = false;
};

/// A drawing, element by element, as the contents of an SVG file. What comes later lies on top.
///
/// Source: Scalable Vector Graphics 1.1.
class svg {
 public:
  svg(double width, double height, std::string_view title) {
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
        R"(font-family="sans-serif" font-size="13" fill="#333" role="img">)"
        "\n<title>{2}</title>\n"
        R"(<rect width="{0}" height="{1}" fill="white"/>)",
        width,
        height,
        escaped_for_xml(title));
  }

  void text(const point& at, std::string_view text, const text_style& style = {}) {
    std::string attributes;
    if (style.at == text_style::anchor::middle) attributes += R"( text-anchor="middle")";
    if (style.at == text_style::anchor::end) attributes += R"( text-anchor="end")";
    if (!style.colour.empty()) attributes += fmt::format(R"( fill="{}")", style.colour);
    if (style.size > 0) attributes += fmt::format(R"( font-size="{}")", style.size);
    if (style.is_bold) attributes += R"( font-weight="bold")";
    add(R"(<text x="{:g}" y="{:g}"{}>{}</text>)", at.x, at.y, attributes, escaped_for_xml(text));
  }

  void line(const point& from, const point& to, std::string_view colour, double width = 1) {
    add(R"(<line x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}" stroke="{}" stroke-width="{}"/>)",
        from.x,
        from.y,
        to.x,
        to.y,
        colour,
        width);
  }

  void rectangle(const point& corner, double width, double height, std::string_view colour) {
    add(R"(<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" fill="{}"/>)",
        corner.x,
        corner.y,
        width,
        height,
        colour);
  }

  /// An area that what lies below shines through, with an outline of the same colour; `path` is as
  /// in the attribute d of SVG.
  void area(std::string_view path, std::string_view colour) {
    add(R"(<path d="{0}" fill="{1}" fill-opacity="0.25" stroke="{1}" stroke-width="1.2"/>)",
        path,
        colour);
  }

  /// The contents of the file.
  std::string file() const { return elements_ + "</svg>\n"; }

 private:
  template <class... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(elements_), format, std::forward<Values>(values)...);
    elements_ += '\n';
  }

  std::string elements_;
};

}  // namespace drawing
